// What is said where a person signs in in the browser for a strict client. All but the last two take the place of the phone
// page's own.

export const browserWords = {
  'phone.loading': ['One moment…', '请稍候…'],
  'phone.who': ['First, sign in on this browser', '请先在此浏览器上登录'],
  'phone.whoAgain': ['Sign in on this browser', '在此浏览器上登录'],
  'phone.whoLead': ['The site asks for it, so that a stranger’s QR cannot sign anybody in. Then you go on to the site.', '该网站要求先在浏览器上登录，以防他人用二维码冒用你的账号。登录后将继续前往该网站。'],
  'phone.signedOutOnly': ['You are signed out on this browser.', '已在此浏览器上退出登录。'],
  'gone.title': ['This sign-in cannot go on', '无法继续登录'],
  'gone.lead': ['Its link is broken. Start again at the site you came from.', '链接不完整，请返回原网站重新登录。'],
  'browser.again': ['Your last sign-in on this browser is too long ago. Please sign in again.', '上次在此浏览器上登录的时间太久，请重新登录。'],
  'browser.over': ['Its time ran out, or its link is broken. Start again at the site you came from.', '登录请求已超时，或链接不完整。请返回原网站重新登录。'],
};
