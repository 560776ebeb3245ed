// What our own pages say besides while they show a code.

export const screenWords = {
  'screen.lead.cancelled': ['No account was signed in. If you cancelled by mistake, show a new code.', '本次未登录任何账号。如为误操作，请获取新的二维码。'],
  'screen.lead.expired': ['Codes last a few minutes. Show a new one when you are ready.', '二维码仅在几分钟内有效。准备好后请获取新的二维码。'],
  'screen.lead.used': ['This code was used to sign in, in another tab or window. Please go on there.', '此二维码已在另一个标签页或窗口中用于登录，请前往该页面继续。'],
  'screen.lead.stuck': ['The site did not answer. Show a new code and sign in again.', '网站没有响应，请获取新的二维码并重新登录。'],
  'screen.lead.busy': ['Too many codes were asked for. A new one comes in {seconds} seconds.', '请求过于频繁，{seconds} 秒后会自动获取新的二维码。'],
  'screen.step1': ['Open your phone’s camera or app', '打开手机相机或应用'],
  'screen.step2': ['Scan the code, open the link', '对准二维码并打开链接'],
  'screen.step3': ['Confirm. When asked, pick', '在手机上确认，如有提示请选择'],
  'screen.step3Plain': ['Confirm on your phone', '在手机上确认登录'],
  'screen.footer': ['Only scan a code on a page you opened yourself.', '请只扫描你自己打开的页面上的二维码。'],
};
