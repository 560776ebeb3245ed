// Puts texts into words. `words` has both languages side by side, English first, so that neither is forgotten.

// Chinese lines may break between any two characters; these words are read as one, so joiners hold them.
const together = (text) => text.replace(/二维码|验证码|手机号|客服人员/g, (word) => [...word].join('\u2060'));

/** Whether Chinese comes first among these language tags, before English. Where neither is named, English is spoken. */
export const prefersChinese = (tags) => /^zh/i.test(tags.find((tag) => /^(zh|en)\b/i.test(tag)));

/** The text under `key`, its `{names}` filled in. An unknown key shows itself, so it is noticed. */
export function speak(words, chinese, key, values = {}) {
  const text = together(words[key]?.[chinese ? 1 : 0] ?? key);
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '');
}
