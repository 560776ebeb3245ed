// What our pages say of calls that did not work out.

export const commonWords = {
  'error.title': ['Something went wrong', '出了点问题'],
  'error.lead': ['The service is not available right now. Please try again.', '服务暂时不可用，请重试。'],
  'error.retry': ['Try again', '重试'],
  'error.slow': ['Too many tries. Please wait {seconds} seconds.', '操作过于频繁，请等待 {seconds} 秒。'],
  'error.slowMinutes': ['Too many tries. Please wait {minutes} minutes.', '操作过于频繁，请等待 {minutes} 分钟。'],
  'error.later': ['Too many tries. Please come back later.', '操作过于频繁，请稍后再试。'],
  'sms.puzzle': ['Many codes are being asked for. Your browser is solving a puzzle first; this takes a few seconds, now and then a minute.', '验证码请求较多，浏览器正在进行安全验证，通常需要几秒，最长约一分钟，请稍候。'],
};
