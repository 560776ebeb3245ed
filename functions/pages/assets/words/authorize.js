// What the authorization page says besides what every screen says.

export const authorizeWords = {
  'screen.title.waiting': ['Sign in to {client}', '登录 {client}'],
  'authorize.back': ['Back to {client}', '返回 {client}'],
  'authorize.backUnnamed': ['Back to the site', '返回原网站'],
  'authorize.over.title': ['This sign-in cannot go on', '无法继续登录'],
  'authorize.over.lead': ['Its time ran out, or its link is broken. Start again at the site you came from.', '登录请求已超时，或链接不完整。请返回原网站重新登录。'],
};
