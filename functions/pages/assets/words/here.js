// What is said where a person signs in on this very device. All but the last take the place of the phone page's own.

export const hereWords = {
  'phone.loading': ['One moment…', '请稍候…'],
  'phone.who': ['Sign in with your phone number', '用手机号登录'],
  'phone.whoLead': ['Then you go back to the site, signed in.', '登录后将返回原网站。'],
  'consent.title': ['Sign in on this device?', '要在本设备上登录吗？'],
  'consent.asks': ['asks to sign you in on this device', '请求在本设备上登录你的账号'],
  'consent.warning': ['Only confirm if you began this sign-in yourself, on the site just now.', '请确认是你本人刚刚在该网站上发起的登录，否则请取消。'],
  'done.confirmedLead': ['Back to the site. One moment.', '正在返回原网站，请稍候。'],
  'done.cancelledLead': ['No account was signed in. You can go back to the site.', '本次未登录，可以返回原网站。'],
  'gone.title': ['The time ran out', '已超时'],
  'gone.unread': ['The answer got lost, so we cannot say how it ended. Please go back to the site.', '结果在传输中丢失，无法确认是否已登录，请返回原网站查看。'],
  'gone.lead': ['Go back to the site and begin again.', '请返回原网站重新登录。'],
  'here.broken': ['The link that brought you here is broken. Go back to the site and begin again.', '打开此页面的链接不完整，请返回原网站重新登录。'],
};
