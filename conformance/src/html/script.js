// Filters, and addresses of cases. Nothing chosen is everything.
(() => {
  'use strict';
  const form = document.getElementById('filters');
  if (!form) return;
  const cases = [...document.querySelectorAll('[data-status]')];
  const groups = [...document.querySelectorAll('[data-group]')];
  const shown = document.getElementById('shown');
  const open = document.getElementById('open');
  const visible = () => cases.filter((it) => !it.hidden);

  // A rule is said once for all members of its family.
  const words = new Map();
  const text = (it) => {
    if (!words.has(it)) {
      const rule = it.closest('.rule');
      words.set(it, `${it.lastElementChild.id} ${rule ? rule.firstElementChild.textContent : ''} ${it.textContent}`.toLowerCase());
    }
    return words.get(it);
  };

  const fits = (it, statuses, level, area, searched) =>
    (statuses.length === 0 || it.dataset.status.split(' ').some((status) => statuses.includes(status))) &&
    (level === '' || it.dataset.level === level) &&
    (area === '' || it.dataset.area === area) &&
    searched.every((word) => text(it).includes(word));

  function apply() {
    const chosen = new FormData(form);
    const searched = chosen.get('search').toLowerCase().split(/\s+/).filter((word) => word !== '');
    for (const it of cases) {
      it.hidden = !fits(it, chosen.getAll('status'), chosen.get('level'), chosen.get('area'), searched);
    }
    for (const group of groups) {
      group.hidden = group.querySelector('[data-status]:not([hidden])') === null;
    }
    const count = visible().length;
    shown.textContent = count === cases.length ? `${count} cases` : `${count} of ${cases.length} cases`;
    label();
  }

  function clear() {
    form.reset();
    apply();
  }

  const areOpen = () => visible().length > 0 && visible().every((it) => it.open);
  function label() {
    open.textContent = areOpen() ? 'Close all' : 'Open all';
  }

  // A browser opens what an address names; not what a filter hides, and an older one not at all.
  function follow() {
    let id = location.hash.slice(1);
    try {
      id = decodeURIComponent(id);
    } catch {
      return;
    }
    const target = id && document.getElementById(id);
    if (!target) return;
    if (target.closest('[hidden]')) clear();
    const it = target.closest('details');
    if (it) it.open = true;
    target.scrollIntoView();
    if (it) it.firstElementChild.focus({ preventScroll: true });
  }

  form.addEventListener('input', apply);
  form.addEventListener('submit', (event) => event.preventDefault());
  document.getElementById('clear').addEventListener('click', clear);
  open.addEventListener('click', () => {
    const to = !areOpen();
    for (const it of visible()) it.open = to;
    label();
  });
  document.addEventListener('toggle', label, true);
  document.addEventListener('keydown', (event) => {
    const typing = event.target.matches('input, select, textarea');
    if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      form.elements.search.focus();
    }
  });
  window.addEventListener('hashchange', follow);

  document.getElementById('scriptless').hidden = true;
  form.hidden = false;
  apply();
  follow();
})();
