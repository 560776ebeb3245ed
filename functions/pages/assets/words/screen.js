// What our own pages say besides while they show a code.

export const screenWords = {
  'screen.step1': ['Open your phone’s camera or app', '打开手机相机或应用'],
  'screen.step2': ['Scan the code, open the link', '对准二维码并打开链接'],
  'screen.step3': ['Confirm. When asked, pick', '在手机上确认，如有提示请选择'],
  'screen.step3Plain': ['Confirm on your phone', '在手机上确认登录'],
  'screen.footer': ['Only scan a code on a page you opened yourself.', '请只扫描你自己打开的页面上的二维码。'],
};
