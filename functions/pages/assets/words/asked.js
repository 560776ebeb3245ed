// What the authorization page says where the person is asked on their phone, in the place of what it says after a scan.

export const askedWords = {
  'screen.title.scanned': ['Confirm on the phone of {person}', '请在 {person} 的手机上确认'],
  'screen.notYou': ['Show a QR instead', '改用二维码登录'],
};
