// What the authorization page says besides what every screen says.

export const authorizeWords = {
  'screen.title.waiting': ['Sign in to {client}', '登录 {client}'],
  'authorize.back': ['Back to {client}', '返回 {client}'],
  'authorize.backUnnamed': ['Back to the site', '返回原网站'],
  'authorize.known.title': ['Continue to {client}', '继续前往 {client}'],
  'authorize.known.lead': ['This browser is signed in as {person}.', '此浏览器已登录账号 {person}。'],
  'authorize.continue': ['Continue as {person}', '以 {person} 的身份继续'],
  'authorize.another': ['Use another phone', '使用其他手机扫码'],
  'authorize.someoneElse': ['Sign in as another person', '使用其他账号登录'],
  'authorize.onlyFor': ['The site takes only the phone of {person}, who is signed in on this browser.', '该网站仅接受此浏览器已登录账号 {person} 的手机扫码。'],
  'authorize.over.title': ['This sign-in cannot go on', '无法继续登录'],
  'authorize.over.lead': ['Its time ran out, or its link is broken. Start again at the site you came from.', '登录请求已超时，或链接不完整。请返回原网站重新登录。'],
};
