// Rows of a list, each with a button that ends it. The keyboard's place is kept when a row goes.

import { t } from './i18n.js';
import { $, announce, busy, list } from './view.js';

let drawn = 0; // rows so far, for ids

/** The heading over a list. */
export const heading = (id) => $(id).closest('section').querySelector('h2');

/** Adds rows to a list, `{name, mark, facts, act, end}`; an empty list says `none`. */
export function addRows(id, rows, none = t('mine.none')) {
  const into = $(id);
  for (const row of rows) into.append(drawRow(into, row, none));
  sayNone(into, none);
}

function sayNone(into, none) {
  into.querySelector('.none')?.remove();
  if (into.childElementCount > 0) return;
  const item = document.createElement('li');
  item.className = 'none';
  item.textContent = none;
  into.append(item);
}

function drawRow(into, { name, mark, facts, act, end }, none) {
  const item = document.createElement('li');
  const head = document.createElement('div');
  const title = document.createElement('h3');
  const text = document.createElement('bdi');
  text.textContent = name;
  title.id = `row-${drawn += 1}`;
  title.append(text);
  head.className = 'head';
  head.append(title);
  if (mark) head.append(chip(mark));
  item.append(head);
  const details = document.createElement('dl');
  details.className = 'facts';
  if (list(details, facts)) item.append(details);
  if (act) item.append(button(item, into, none, { act, title, end }));
  return item;
}

function chip(mark) {
  const element = document.createElement('span');
  element.className = 'chip';
  element.textContent = mark;
  return element;
}

function button(item, into, none, { act, title, end }) {
  const element = document.createElement('button');
  element.type = 'button';
  element.className = 'button plain small';
  element.textContent = act;
  element.dataset.testid = 'end';
  // Tells a screen reader which row the button belongs to.
  element.setAttribute('aria-describedby', title.id);
  element.addEventListener('click', () => busy(element, async () => {
    if (await end()) take(item, into, none);
  }));
  return element;
}

/** Takes a row away. The focus goes to the next row's button, else to the one before, else to the heading. */
function take(item, into, none) {
  const near = item.nextElementSibling ?? item.previousElementSibling;
  const target = near?.querySelector('button') ?? heading(into.id);
  item.remove();
  sayNone(into, none);
  target.focus();
  hideAll(into.id);
}

/** Hides the button that ends all rows when fewer than two are left: the row has its own. */
function hideAll(id) {
  const all = $(`${id}-all`);
  if (all) all.hidden = $(id).childElementCount < 2;
}

/** The button under a list that ends all of it; it wants to be pressed twice. */
export function allButton(id, label, work) {
  const element = below(id, 'all');
  hideAll(id);
  const calm = () => {
    element.textContent = label;
    delete element.dataset.sure;
  };
  calm();
  element.onblur = calm;
  element.onclick = () => {
    if (element.dataset.sure) return busy(element, () => work().finally(calm));
    element.dataset.sure = 'yes';
    element.textContent = t('mine.sure');
    return announce(`${label}. ${t('mine.sure')}`);
  };
}

/** The button that shows the next page; without `work` there is none. */
export function moreButton(id, work) {
  const element = below(id, 'more');
  element.textContent = t('mine.more');
  element.hidden = !work;
  element.onclick = () => busy(element, async () => {
    const last = $(id).lastElementChild;
    await work();
    // The focus goes on with the rows that came.
    if (element.hidden) (last?.nextElementSibling?.querySelector('button') ?? heading(id)).focus();
  });
}

function below(id, kind) {
  const name = `${id}-${kind}`;
  if ($(name)) return $(name);
  const element = document.createElement('button');
  element.id = name;
  element.type = 'button';
  element.className = kind === 'all' ? 'button plain' : 'link';
  element.dataset.testid = name;
  $(id).closest('section').append(element);
  return element;
}
