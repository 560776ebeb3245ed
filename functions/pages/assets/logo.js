// The picture of the client that asks, which comes with the service's answer.

/** Shows it in `image`; answers whether there is one. The page's policy loads no picture from anywhere else. */
export function showLogo(image, logo) {
  const isOurs = typeof logo === 'string' && logo.startsWith('data:image/png;');
  if (isOurs) image.src = logo;
  image.hidden = !isOurs;
  return isOurs;
}
