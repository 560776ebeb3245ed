// What is said where a person signs in in the browser for a strict client. The texts under browser. are this page's own; the
// others replace those of the phone page.

export const authorizeHereWords = {
  'phone.loading': ['One moment…', '请稍候…'],
  'phone.who': ['First, sign in on this browser', '请先在此浏览器上登录'],
  'phone.whoAgain': ['Sign in on this browser', '在此浏览器上登录'],
  'phone.whoLead': ['The site asks for it, so that a stranger cannot use a QR to sign in as you. Then you go on to the site.', '该网站要求先在浏览器上登录，以防他人用二维码冒用你的账号。登录后将继续前往该网站。'],
  'phone.signedOutOnly': ['You are signed out on this browser.', '已在此浏览器上退出登录。'],
  'gone.title': ['This sign-in cannot go on', '无法继续登录'],
  'gone.lead': ['Its link is broken. Start again at the site you came from.', '链接不完整，请返回原网站重新登录。'],
  'browser.prove': ['Is it you?', '请验证身份'],
  'browser.whichTitle': ['Sign in as another person?', '要换一个账号登录吗？'],
  'browser.which': ['This browser is signed in as {person}. Another person signs in after that person is signed out here.', '此浏览器已登录账号 {person}。退出后，其他人才能在此登录。'],
  'browser.switch': ['Sign out and use another number', '退出并使用其他手机号'],
  'browser.stay': ['Stay signed in as {person}', '保持登录 {person}'],
  'browser.over': ['Its time ran out, or its link is broken. Start again at the site you came from.', '登录请求已超时，或链接不完整。请返回原网站重新登录。'],
};
