// What a screen says once it is signed in.

export const welcomeWords = {
  'welcome.working': ['Signing you in…', '正在登录…'],
  'welcome.signedInAs': ['Signed in as', '已登录'],
  'welcome.member': ['Member', '会员号'],
  'welcome.checking': ['Checking the token…', '正在校验令牌…'],
  'welcome.verified': ['Token verified against this site’s published keys', '令牌已通过本站公钥校验'],
  'welcome.unverified': ['The token does not match this site’s published keys', '令牌未通过本站公钥校验'],
  'welcome.unchecked': ['The token could not be checked in this browser', '此浏览器无法校验令牌'],
  'welcome.claims': ['What the token says', '令牌内容'],
  'welcome.again': ['Sign in again', '重新登录'],
  'welcome.unreachable.title': ['The sign-in did not finish', '登录未完成'],
  'welcome.usedUp.title': ['This link is used up', '此登录链接已失效'],
  'welcome.usedUp.lead': ['Each sign-in link works once, for a minute. If another tab has used it, you are signed in there.', '每个登录链接仅可使用一次，有效期约一分钟。如果已在另一个标签页中使用，请前往该页面继续。'],
  'welcome.blocked.title': ['This page cannot finish the sign-in', '无法完成登录'],
  'welcome.blocked.lead': ['Your browser blocks this site’s data. Allow it, then sign in again.', '你的浏览器阻止了本站保存数据，请允许后重新登录。'],
  'welcome.shownOnce.title': ['Shown only once', '登录结果仅显示一次'],
  'welcome.shownOnce.lead': ['A sign-in ticket works once, so this page has nothing to show a second time. A real site would keep you signed in by a session of its own.', '登录凭证仅可使用一次，因此重新打开此页面不会再次显示。实际网站会通过自己的会话保持登录状态。'],
  'welcome.back': ['Back to the sign-in page', '返回登录页'],
  'welcome.unreachable.lead': ['The service could not be reached. Please sign in again.', '暂时无法连接服务，请重新登录。'],
};
