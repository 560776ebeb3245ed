// What is said where a person types a code. The first two take the place of the phone page's own.

export const deviceWords = {
  'phone.loading': ['One moment…', '请稍候…'],
  'phone.whoLead': ['Then type the code that your device shows.', '登录后即可输入设备上显示的代码。'],
  'device.title': ['Sign in on a device', '登录设备'],
  'device.lead': ['Type the code that your TV, command line or other device shows.', '请输入电视、命令行或其他设备上显示的代码。'],
  'device.label': ['Twelve letters', '12 个字母'],
  'device.warning': ['Type a code only if you started this sign-in yourself on the device in front of you. Support will never ask you to.', '仅当你本人刚刚在面前的设备上发起登录时，才输入代码。客服人员绝不会要求你输入代码。'],
  'device.length': ['A code has twelve letters; this has {count}.', '代码共 12 个字母，当前为 {count} 个。'],
  'device.strange': ['No code has {letters} in it. Please look at the device again.', '代码中不会出现 {letters}，请再看一下设备。'],
  'device.unknown': ['No sign-in waits for this code. Check the letters; if the device shows a new code, type that.', '没有等待此代码的登录。请检查字母；如果设备上已显示新代码，请输入新代码。'],
};
