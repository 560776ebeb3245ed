// What every page says, and the widget.

export const everyWords = {
  expiresIn: ['Expires in', '剩余有效时间'],
  offline: ['Connection lost. Trying again…', '连接中断，正在重试…'],
  'error.offline': ['Connection lost. Please check it and try again.', '连接中断，请检查网络后重试。'],
};
