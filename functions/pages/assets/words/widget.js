// What the widget says besides what every screen says.

export const widgetWords = {
  'screen.title.signed-in': ['Signed in', '已登录'],
  'screen.lead.signed-in': ['Confirmed on your phone.', '手机已确认。'],
  'screen.title.here': ['Sign in', '登录'],
  'screen.lead.here': ['No password. You confirm with your phone number.', '无需密码，用手机号即可登录。'],
  'widget.goHere': ['Sign in on this device', '在本设备上登录'],
  'widget.scan': ['Show a QR code for another phone', '显示二维码，用另一部手机扫描'],
  'widget.pick': ['Your phone asks for this number', '手机会询问此数字'],
};
