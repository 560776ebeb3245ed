// What a client learns of a person, by the scopes that it asks for.

export const scopeWords = {
  'scopes.learns': ['It will learn your', '该应用将获取你的'],
  'scopes.sub': ['member number', '会员号'],
  'scopes.profile': ['name, masked', '昵称（已脱敏）'],
  'scopes.phone': ['telephone number', '手机号'],
  'scopes.stays': ['It stays signed in until you end that on your account page.', '该应用会保持登录，直到你在“我的账号”中结束。'],
};
