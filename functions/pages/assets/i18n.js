// Every word the pages say, in both languages, side by side so that neither is forgotten.
// `{name}` in a text is replaced by what `t` is given.

const words = {
  'screen.title.loading': ['Sign in with your phone', '用手机扫码登录'],
  'screen.title.waiting': ['Sign in with your phone', '用手机扫码登录'],
  'screen.title.scanned': ['Scanned. Confirm on your phone.', '已扫描，请在手机上确认'],
  'screen.title.signing-in': ['Signing you in', '正在登录'],
  'screen.title.cancelled': ['Sign-in cancelled', '登录已取消'],
  'screen.title.expired': ['This code has expired', '二维码已过期'],
  'screen.title.error': ['Something went wrong', '出了点问题'],
  'screen.lead.loading': ['No password. Your phone is the key.', '无需密码，用手机即可登录。'],
  'screen.lead.waiting': ['No password. Your phone is the key.', '无需密码，用手机即可登录。'],
  'screen.lead.scanned': ['When your phone asks which number this screen shows, pick {number}.', '当手机询问屏幕上的数字时，请选择 {number}。'],
  'screen.lead.signing-in': ['Confirmed on your phone. One moment.', '手机已确认，请稍候。'],
  'screen.lead.cancelled': ['Nobody was signed in. If you cancelled by mistake, show a new code.', '本次未登录任何账号。如为误操作，请获取新的二维码。'],
  'screen.lead.expired': ['Codes last a few minutes. Show a new one when you are ready.', '二维码仅在几分钟内有效。准备好后请获取新的二维码。'],
  'screen.lead.error': ['The service could not be reached. Please try again.', '暂时无法连接服务，请重试。'],
  'screen.lead.busy': ['Too many codes were asked for. A new one comes in {seconds} seconds.', '请求过于频繁，{seconds} 秒后会自动获取新的二维码。'],
  'screen.lead.elsewhere': ['A newer code is open in another tab or window.', '已在另一个标签页或窗口中打开了新的二维码。'],
  'screen.again.cancelled': ['Show a new code', '获取新的二维码'],
  'screen.again.expired': ['Show a new code', '获取新的二维码'],
  'screen.again.error': ['Try again', '重试'],
  'screen.qrAlt': ['QR code for signing in. Scan it with your phone’s camera.', '登录二维码，请用手机相机扫描。'],
  'screen.pickThis': ['On your phone, pick', '在手机上选择'],
  'screen.expiresIn': ['Expires in', '剩余有效时间'],
  'screen.step1': ['Open your phone’s camera or app', '打开手机相机或应用'],
  'screen.step2': ['Scan the code, open the link', '对准二维码并打开链接'],
  'screen.step3': ['Confirm. When asked, pick', '在手机上确认，如有提示请选择'],
  'screen.openHere': ['Can’t scan? Continue on this device', '无法扫码？在本设备上继续'],
  'screen.notYou': ['Wasn’t you? Show a new code', '不是你扫的？获取新的二维码'],
  'screen.footer': ['Only scan a code on a page you opened yourself.', '请只扫描你自己打开的页面上的二维码。'],
  'screen.renewed': ['The last code expired. This is a new one.', '上一个二维码已过期，这是新的二维码。'],
  'screen.offline': ['Connection lost. Trying again…', '连接中断，正在重试…'],
  'screen.secondsLeft': ['{seconds} seconds left', '还剩 {seconds} 秒'],

  'phone.loading': ['Opening the sign-in request…', '正在打开登录请求…'],
  'phone.who': ['First, sign in on this phone', '请先在手机上登录'],
  'phone.whoAgain': ['Sign in on this phone', '在此手机上登录'],
  'phone.whoLead': ['Then you can see what the screen asks for and decide.', '登录后即可查看并处理该登录请求。'],
  'phone.number': ['Phone number', '手机号'],
  'phone.numberHint': ['Outside mainland China, start with + and the country code.', '中国大陆以外的号码请以 + 和国家代码开头。'],
  'phone.send': ['Send code by SMS', '发送短信验证码'],
  'phone.smsPromise': ['No account yet? One is made when you enter the code.', '未注册的手机号验证后将自动创建账号。'],
  'phone.badNumber': ['That does not look like a phone number. Please check it.', '手机号格式不正确，请检查。'],
  'phone.haveCode': ['I already have a code', '我已收到验证码'],
  'phone.enter': ['Enter the code', '输入验证码'],
  'phone.sentTo': ['We sent it by SMS to {phone}.', '验证码已通过短信发送至 {phone}。'],
  'phone.sixDigits': ['Six digits', '六位数字'],
  'phone.needSix': ['Please enter all six digits.', '请输入完整的六位数字。'],
  'phone.badCode': ['That code is wrong or used up. Check it, or have a new one sent.', '验证码错误或已失效，请检查或重新获取。'],
  'phone.continue': ['Continue', '继续'],
  'phone.resend': ['Send again', '重新发送'],
  'phone.resendIn': ['Send again in {seconds} s', '{seconds} 秒后可重新发送'],
  'phone.resendInMinutes': ['Send again in {minutes} min', '{minutes} 分钟后可重新发送'],
  'phone.resendLater': ['Send again later', '请稍后再重新发送'],
  'phone.resent': ['A new code is on its way.', '新的验证码已发送。'],
  'phone.changeNumber': ['Use another number', '更换手机号'],
  'phone.signInAgain': ['Your sign-in on this phone has ended. Please sign in again.', '手机登录已失效，请重新登录。'],
  'phone.signedOut': ['You are signed out, and the request on the screen was cancelled.', '已退出登录，该登录请求已取消。'],
  'phone.signedOutOnly': ['You are signed out on this phone.', '已在此手机上退出登录。'],

  'consent.title': ['Sign in on another device?', '要登录另一台设备吗？'],
  'consent.asks': ['asks to sign you in on another device', '请求在另一台设备上登录你的账号'],
  'consent.seen': ['What we can see', '我们看到的信息'],
  'consent.ip': ['IP address', 'IP 地址'],
  'consent.browser': ['Browser', '浏览器'],
  'consent.browserOn': ['{browser} on {system}', '{system} 上的 {browser}'],
  'consent.place': ['Place', '地点'],
  'consent.at': ['Opened', '打开时间'],
  'consent.claims': ['What the screen says of itself (not verified)', '设备自报的信息（未经核实）'],
  'consent.deviceName': ['Name', '名称'],
  'consent.deviceMac': ['Hardware address', '硬件地址'],
  'consent.match': ['Which number does the screen show?', '屏幕上显示的是哪个数字？'],
  'consent.matchShow': ['Recommended. None of these? Then cancel.', '建议核对并选择；如均不符，请取消。'],
  'consent.matchPick': ['Required. None of these? Then cancel.', '必须核对并选择；如均不符，请取消。'],
  'consent.pickFirst': ['Pick the number that the screen shows.', '请选择屏幕上显示的数字。'],
  'consent.warning': ['Only confirm if the screen is in front of you. Support will never ask you to scan.', '请确认屏幕就在你面前，再点登录。客服人员绝不会要求你扫码。'],
  'consent.cancel': ['Cancel', '取消'],
  'consent.confirm': ['Sign in', '登录'],
  'consent.justNow': ['just now', '刚刚'],

  'prompts.loading': ['Looking for requests…', '正在查看登录请求…'],
  'prompts.whoLead': ['Then requests to sign in on your devices appear here.', '登录后，你的设备发来的登录请求会显示在这里。'],
  'prompts.title': ['Nothing is waiting', '暂无登录请求'],
  'prompts.lead': ['Keep this page open. Requests to sign in on your devices appear here by themselves.', '请保持此页面打开。你的设备发来的登录请求会自动显示在这里。'],
  'prompts.last': ['The last request ended at {time} without an answer here.', '上一个请求已于 {time} 结束，未在此处理。'],
  'prompts.who': ['Only a device that you have signed in by QR code before can ask.', '只有你曾扫码登录过的设备才能发来请求。'],
  'prompts.back': ['Back to waiting', '返回等待'],

  'prompt.title': ['Are you signing in right now?', '是你本人正在登录吗？'],
  'prompt.asks': ['wants to sign you in on {device}. Nothing was scanned.', '请求在 {device} 上登录你的账号（本次未扫码）。'],
  'prompt.asksSomewhere': ['wants to sign you in on another device. Nothing was scanned.', '请求在另一台设备上登录你的账号（本次未扫码）。'],
  'prompt.at': ['Asked', '请求时间'],
  'prompt.warning': ['Confirm only what you started yourself just now. Support will never ask you to.', '请确认是你本人刚刚发起的登录，否则请取消。客服人员绝不会要求你确认登录。'],
  'prompt.oneMore': ['One more request waits after this one.', '之后还有 1 个请求待处理。'],
  'prompt.more': ['{more} more requests wait after this one.', '之后还有 {more} 个请求待处理。'],
  'prompt.confirmedLead': ['The device signs in by itself.', '设备将自动登录。'],
  'prompt.cancelledLead': ['Nobody was signed in. The next sign-in on that device must be scanned.', '本次未登录。该设备下次登录需重新扫码。'],
  'prompt.stopped': ['The sign-in was stopped for your safety. The next one on that device must be scanned.', '为了你的安全，本次登录已终止。该设备下次登录需重新扫码。'],
  'prompt.goneTitle': ['This request is over', '此请求已结束'],
  'prompt.goneLead': ['Its time ran out, or it was answered elsewhere. If you still want to sign in, start again on the device.', '请求已超时，或已在别处处理。如仍需登录，请在设备上重新发起。'],

  'done.confirmed': ['Confirmed', '已确认'],
  'done.confirmedLead': ['The screen signs in by itself. You can close this page.', '该设备将自动登录，你可以关闭此页面。'],
  'done.cancelled': ['Sign-in cancelled', '登录已取消'],
  'done.cancelledLead': ['Nobody was signed in on the screen. You can close this page.', '该设备未登录，可以关闭此页面。'],
  'done.keepReady': ['Keep this phone ready for next time', '在这部手机上接收下次的登录请求'],
  'gone.title': ['This code is no longer valid', '此二维码已失效'],
  'gone.lead': ['Ask for a new one on the screen, then scan that.', '请在屏幕上获取新的二维码，然后重新扫描。'],

  'error.title': ['Something went wrong', '出了点问题'],
  'error.lead': ['The service is not available right now. Please try again.', '服务暂时不可用，请重试。'],
  'error.offline': ['Connection lost. Please check it and try again.', '连接中断，请检查网络后重试。'],
  'error.retry': ['Try again', '重试'],
  'error.signIn': ['Sign in by SMS', '用短信登录'],
  'error.slow': ['Too many tries. Please wait {seconds} seconds.', '操作过于频繁，请等待 {seconds} 秒。'],
  'error.slowMinutes': ['Too many tries. Please wait {minutes} minutes.', '操作过于频繁，请等待 {minutes} 分钟。'],
  'error.later': ['Too many tries. Please come back later.', '操作过于频繁，请稍后再试。'],
  'error.claimed_by_another.title': ['Someone else has scanned this code', '此二维码已被其他人扫描'],
  'error.claimed_by_another.lead': ['If that was not someone with you, show a new code on the screen and scan that.', '如果不是你身边的人，请在屏幕上获取新的二维码后重新扫描。'],
  'error.wrong_match_number.title': ['The number did not match', '数字不一致'],
  'error.wrong_match_number.lead': ['The sign-in was stopped for your safety. If the screen is really in front of you, show a new code there and try again.', '为了你的安全，本次登录已终止。如果屏幕确实在你面前，请在屏幕上获取新的二维码后重试。'],
  'error.not_an_approver.title': ['This sign-in cannot approve others', '当前登录无法批准其他登录'],
  'error.not_an_approver.lead': ['You came in by QR code here. Sign in by SMS on this phone, then confirm.', '你是通过扫码登录的。请在此手机上用短信登录后再确认。'],

  'account.as': ['Signed in as', '当前账号'],
  'account.signOut': ['Sign out', '退出登录'],

  'welcome.working': ['Signing you in…', '正在登录…'],
  'welcome.signedInAs': ['Signed in as', '已登录'],
  'welcome.member': ['Member', '会员号'],
  'welcome.checking': ['Checking the token…', '正在校验令牌…'],
  'welcome.verified': ['Token verified against this site’s published keys', '令牌已通过本站公钥校验'],
  'welcome.unverified': ['The token does not match this site’s published keys', '令牌未通过本站公钥校验'],
  'welcome.unchecked': ['The token could not be checked in this browser', '此浏览器无法校验令牌'],
  'welcome.claims': ['What the token says', '令牌内容'],
  'welcome.again': ['Sign in again', '重新登录'],
  'welcome.failed': ['You are not signed in', '尚未登录'],
  'welcome.usedUp': ['This sign-in link is used up or too old. Each works once, for a minute.', '此登录链接已使用或已过期。每个链接仅可使用一次，有效期约一分钟。'],
  'welcome.shownOnce.title': ['Shown only once', '登录结果仅显示一次'],
  'welcome.shownOnce.lead': ['A sign-in ticket works once, so this page has nothing to show a second time. A real site would keep you signed in by a session of its own.', '登录凭证仅可使用一次，因此重新打开此页面不会再次显示。实际网站会通过自己的会话保持登录状态。'],
  'welcome.back': ['Back to the sign-in page', '返回登录页'],
  'welcome.unreachable': ['The service could not be reached. Please sign in again.', '暂时无法连接服务，请重新登录。'],
};

const chosen = (navigator.languages ?? [navigator.language]).find((tag) => /^(zh|en)\b/i.test(tag)) ?? 'en';
const chinese = /^zh/i.test(chosen);

/** The page's language as a BCP 47 tag. */
export const language = chinese ? 'zh-CN' : 'en';

// Chinese lines may break between any two characters; these words are read as one, so joiners hold them.
const together = (text) => text.replace(/二维码|验证码|手机号|客服人员/g, (word) => [...word].join('\u2060'));

/** The text under `key`, its `{names}` filled in. An unknown key shows itself, so it is noticed. */
export function t(key, values = {}) {
  const text = together(words[key]?.[chinese ? 1 : 0] ?? key);
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '');
}

/** Puts every text marked data-t into the page. */
export function translate() {
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll('[data-t]')) element.textContent = t(element.dataset.t);
}

/** "2 minutes ago", from seconds since 1970. */
export function ago(seconds) {
  const passed = Math.round(Date.now() / 1000 - seconds);
  // A phone's clock may be slow; nothing was opened in the future.
  if (passed < 10) return t('consent.justNow');
  const words = new Intl.RelativeTimeFormat(language);
  if (passed < 90) return words.format(-passed, 'second');
  if (passed < 5400) return words.format(-Math.round(passed / 60), 'minute');
  return words.format(-Math.round(passed / 3600), 'hour');
}

/** "Edge on Windows", as the service names browsers, in the page's language. */
export function translateBrowser(text) {
  const [, browser, system] = /^(.+) on (.+)$/.exec(text) ?? [];
  return system ? t('consent.browserOn', { browser, system }) : text;
}

/** Hours and minutes, the way both languages read them on a clock. */
export function timeOfDay(date) {
  return date.toLocaleTimeString(language, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
}
