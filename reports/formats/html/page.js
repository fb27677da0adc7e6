// What a page can do beyond being read: show what was seen in a cell, filter, draw distributions.
// All of a report is put into the page as text nodes, never as markup.
'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name === 'class') element.className = value;
      else if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
      else element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child !== null));
    return element;
  };
  document.body.classList.add('scripted');
  for (const element of all('[hidden]')) element.hidden = false;

  // --- The matrix: a cell is a button; arrows move among them.
  const verdicts = {pass: 'holds', fail: 'failed', broken: 'broken: can\'t be trusted', skip: 'skipped'};
  const kinds = ['isolation', 'works', 'rule'];
  const cells = all('.matrix tbody td[class]');
  const caseOf = new Map();
  cells.forEach((cell, i) => {
    const row = cell.parentElement;
    const [way, privilege] = data.columns[cell.cellIndex - 1];
    const family = row.closest('table').dataset.family;
    const subject = `${family}/${row.cells[0].textContent}`;
    caseOf.set(cell, {id: `${subject}:${way}:${privilege}`, verdict: cell.className, seen: data.cases[i]});
    cell.tabIndex = -1;
    cell.setAttribute('role', 'button');
    cell.setAttribute('aria-expanded', 'false');
    cell.setAttribute('aria-label', `${subject} ${way} ${privilege}: ${verdicts[cell.className]}`);
  });
  for (const table of all('.matrix')) {
    const first = table.querySelector('td.fail, td.broken, tbody td[class]');
    if (first) first.tabIndex = 0;
  }

  const statements = (list, control) => {
    const rows = [];
    let number = 0;
    for (const step of data.lists[list]) {
      number += step;
      const [kind, text, expected, observed] = data.statements[number];
      const holds = kind % 2 === 1;
      const isolation = kind < 2;
      // A control must leak: there an isolation that does not hold is as it should be.
      const leak = control && isolation && !holds;
      const bad = control ? (isolation ? holds : !holds && kind < 4) : !holds;
      rows.push([
        bad ? 0 : 1,
        make('tr', {class: leak ? 'leak' : bad ? 'no' : ''},
             make('td', {class: 'mark'}, leak ? '✓ leaks' : bad ? (control && isolation ? '✗ no leak' : '✗') : '✓'),
             make('td', {}, data.texts[text], ' ', make('small', {}, kinds[kind >> 1])),
             make('td', {'data-label': 'expected'}, data.texts[expected]),
             make('td', {'data-label': 'observed'}, data.texts[observed]))]);
    }
    if (!rows.length) return null;
    rows.sort((a, b) => a[0] - b[0]);  // what failed comes first
    return make('table', {class: 'statements'},
                make('thead', {}, make('tr', {}, ...['', 'rule', 'expected', 'observed'].map(
                    (title) => make('th', {scope: 'col'}, title)))),
                make('tbody', {}, ...rows.map((row) => row[1])));
  };

  const caseDetail = ({id, verdict, seen}) => {
    const [[ms, list, expected, observed], controlVerdict, control] = seen;
    const parts = [make('p', {}, make('b', {class: verdict}, verdicts[verdict]), ` after ${ms} ms`)];
    if (expected !== undefined && (verdict === 'skip' || !data.lists[list].length)) {
      parts.push(make('p', {}, `${data.texts[expected]}: `, data.texts[observed]));
    }
    parts.push(statements(list, false));
    if (control) {
      const words = {
        pass: 'leaked in every direction, as it must: the check can fail',
        broken: 'is broken, so that a pass beside it proves nothing',
        skip: 'was skipped',
      };
      parts.push(make('h5', {}, `The control, without its own namespaces, ${words[controlVerdict] || controlVerdict}`));
      const table = statements(control[1], true);
      if (table) parts.push(make('details', {}, make('summary', {}, 'what the control saw'), table));
    }
    parts.push(make('p', {class: 'next'}, 'Again: ', make('code', {}, `nsbench rerun ${id}`)));
    return [id, parts];
  };

  let opened = null;  // the cell or row whose detail is shown
  const close = (focus) => {
    if (!opened) return;
    const {from, row} = opened;
    opened = null;
    row.remove();
    from.setAttribute('aria-expanded', 'false');
    if (focus) from.focus();
  };
  const show = (from, title, parts) => {
    const again = opened && opened.from === from;
    close(false);
    if (again) return;
    const after = from.closest('tr');
    const row = make('tr', {class: 'detail'},
                     make('td', {colspan: 99},
                          make('h4', {}, title, make('button', {type: 'button', onclick: () => close(true)}, 'Close')),
                          ...parts));
    after.after(row);
    from.setAttribute('aria-expanded', 'true');
    opened = {from, row};
    row.scrollIntoView({block: 'nearest'});
    after.scrollIntoView({block: 'nearest'});  // of a long one its beginning is seen
  };
  const openCell = (cell) => {
    focusCell(cell);
    const [title, parts] = caseDetail(caseOf.get(cell));
    show(cell, title, parts);
  };
  const focusCell = (cell) => {
    for (const other of all('td[tabindex="0"]', cell.closest('table'))) other.tabIndex = -1;
    cell.tabIndex = 0;
    cell.focus();
  };
  // The next cell in that direction that has a verdict.
  const move = (cell, dx, dy) => {
    const rows = all('tbody > tr:not(.detail):not([hidden])', cell.closest('table'));
    let y = rows.indexOf(cell.parentElement);
    let x = cell.cellIndex;
    for (;;) {
      x += dx;
      y += dy;
      const next = rows[y] && rows[y].cells[x];
      if (!next || x === 0) return;
      if (next.className) return focusCell(next);
    }
  };
  document.addEventListener('click', (event) => {
    const cell = event.target.closest('.matrix tbody td');
    if (cell && caseOf.has(cell)) openCell(cell);
    const row = event.target.closest('.changes tbody tr:not(.detail)');
    if (row && row.parentElement.parentElement.matches('.changes')) openPair(row);
  });
  const arrows = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
  document.addEventListener('keydown', (event) => {
    const target = event.target;
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === 'Escape') {
      if (opened) close(true);
      return;
    }
    if (event.key === '/' && !target.matches('input')) {
      event.preventDefault();
      return document.getElementById('filter').focus();
    }
    const activates = event.key === 'Enter' || event.key === ' ';
    if (caseOf.has(target) && (activates || arrows[event.key])) {
      event.preventDefault();
      if (activates) openCell(target);
      else move(target, ...arrows[event.key]);
    } else if (target.matches('.changes tbody tr') && (activates || arrows[event.key])) {
      event.preventDefault();
      if (activates) return openPair(target);
      const rows = all('.changes > tbody > tr:not(.detail):not([hidden])');
      const next = rows[rows.indexOf(target) + arrows[event.key][1]];
      if (next) next.focus();
    }
  });

  // --- Distributions.
  const units = {
    ns: [[1e9, 's'], [1e6, 'ms'], [1e3, 'us'], [1, 'ns']],
    instructions: [[1e9, 'Ginsn'], [1e6, 'Minsn'], [1e3, 'kinsn'], [1, 'insn']],
    bytes: [[1e9, 'GB'], [1e6, 'MB'], [1e3, 'kB'], [1, 'B']],
  };
  const amount = (value, unit) => {
    if (value === null || value === undefined) return '';
    const [size, name] = (units[unit] || [[1, unit]]).find(([size]) => value >= size * 0.9999) || [1, ''];
    return `${Number((value / size).toPrecision(3))} ${name}`;
  };
  // As thinned() in plot.cpp left them: [value, share of all that is at or below it].
  const points = (count, steps) => {
    const kept = steps.length;
    const x = [];
    const y = [];
    let at = 0;
    steps.forEach((step, i) => {
      at += step;
      const index = kept < 2 ? 0 : Math.floor((2 * i * (count - 1) + kept - 1) / (2 * (kept - 1)));
      const value = Math.exp(at * Math.log(1.002));
      if (x[x.length - 1] === value) y.pop(), x.pop();
      x.push(value);
      y.push((index + 1) / count);
    });
    return [x, y];
  };
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const hue = (h) => `hsl(${h} 70% ${dark.matches ? 65 : 40}%)`;
  const hues = [212, 25, 140, 285, 345, 185, 55];

  // Colour by parameter where lines differ in one, else by way; dashes for userns. Lines of one
  // colour are a group, which the legend names.
  const styled = (lines) => {
    const grouped = lines.map((line) => {
      const words = line.name.split(' ');
      const group = line.color ? line.name : words.length > 2 ? words.slice(0, -2).join(' ') : words[0];
      return {...line, group, ramp: words.length > 2, dash: words.at(-1) === 'userns' ? [5, 3] : []};
    });
    const groups = [...new Set(grouped.map(({group}) => group))];
    const ramp = grouped[0].ramp && groups.length > 1;
    return grouped.map((line) => {
      const n = groups.indexOf(line.group);
      const turn = ramp ? 240 - 230 * n / (groups.length - 1) : hues[n % hues.length];
      return {...line, color: line.color ? css(line.color) : hue(turn)};
    });
  };

  const draw = (figure) => {
    const {lines, unit, range} = figure.chart;
    const place = figure.querySelector('.canvas');
    const legend = figure.querySelector('.legendary');
    if (figure.plot) figure.plot.destroy();
    const shown = styled(lines);
    const axis = {stroke: css('--faint'), grid: {stroke: css('--grid'), width: 1}, ticks: {show: false}, font: '11px system-ui, sans-serif'};
    const tables = shown.map(({count, steps}) => points(count, steps));
    const plot = new uPlot({
      width: Math.max(200, place.clientWidth),
      height: 170,
      scales: {x: {distr: 3, time: false, range: () => range}, y: {range: () => [0, 1]}},
      axes: [
        {...axis, size: 26, splits: () => ticks(range, Math.max(2, Math.floor(place.clientWidth / 75))),
         values: (_, splits) => splits.map((value) => amount(value, unit)), filter: (_, splits) => splits},
        {...axis, size: 40, splits: () => [0, .25, .5, .75, 1], values: (_, splits) => splits.map((value) => `${value * 100} %`)},
      ],
      cursor: {y: false, drag: {x: false, y: false}, points: {show: false}},
      legend: {show: false},
      series: [{}, ...shown.map(({name, color, dash}) => ({label: name, stroke: color, dash, width: 1.5, spanGaps: true, points: {show: false}}))],
      hooks: {setCursor: [(u) => readout(u, tables, figure)]},
    }, uPlot.join(tables), place);
    figure.plot = plot;
    const groups = [...new Set(shown.map(({group}) => group))];
    figure.groups = groups.map((group) => shown.flatMap((one, i) => one.group === group ? [i] : []));
    legend.replaceChildren(...groups.map((group, n) => {
      const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
      const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
      path.setAttribute('d', 'M0 4H22');
      path.setAttribute('stroke', shown[figure.groups[n][0]].color);
      path.setAttribute('stroke-width', '2');
      svg.append(path);
      svg.setAttribute('aria-hidden', 'true');
      const button = make('button', {type: 'button', 'aria-pressed': 'true', onclick: () => {
        const on = button.getAttribute('aria-pressed') !== 'true';
        button.setAttribute('aria-pressed', String(on));
        for (const i of figure.groups[n]) plot.setSeries(i + 1, {show: on});
      }}, svg, group, make('span', {class: 'at'}));
      return make('li', {}, button);
    }));
    if (shown.some(({dash}) => dash.length)) legend.append(make('li', {class: 'at'}, 'dashed: userns'));
  };
  // How many of each are as fast as where the pointer is.
  const readout = (u, tables, figure) => {
    const value = u.cursor.left >= 0 ? u.posToVal(u.cursor.left, 'x') : null;
    figure.querySelector('.where').textContent = value ? ` at ${amount(value, figure.chart.unit)}` : '';
    all('button .at', figure).forEach((out, n) => {
      if (value === null) return out.textContent = '';
      const shares = figure.groups[n].map((i) => {
        const [x, y] = tables[i];
        const after = x.findIndex((one) => one > value);
        const at = after < 0 ? x.length : after;
        return Math.round(100 * (at ? y[at - 1] : 0));
      });
      const [least, most] = [Math.min(...shares), Math.max(...shares)];
      out.textContent = least === most ? ` ${most} %` : ` ${least} to ${most} %`;
    });
  };
  const ticks = ([low, high], most) => {
    if (high / low < 3) {  // too narrow for powers of ten
      const power = 10 ** Math.floor(Math.log10((high - low) / most));
      const step = power * [1, 2, 5, 10].find((one) => (high - low) / (one * power) <= most);
      const first = Math.ceil(low / step);
      return Array.from({length: Math.floor(high / step) - first + 1}, (_, i) => (first + i) * step);
    }
    const values = (steps) => {
      const found = [];
      for (let power = 10 ** Math.floor(Math.log10(low)); power <= high; power *= 10) {
        for (const step of steps) if (power * step >= low && power * step <= high) found.push(power * step);
      }
      return found;
    };
    for (const steps of [[1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 5], [1, 3], [1]]) {
      const found = values(steps);
      if (found.length <= most) {
        return found.length > 1 ? found : [low * (high / low) ** .1, high / (high / low) ** .1];
      }
    }
    return values([1]).filter((_, i) => i % 2 === 0);
  };
  const rangeOf = (charts) => {
    const ends = charts.flatMap(({lines}) => lines.flatMap(({count, steps}) => {
      const [x] = points(count, steps);
      // The slowest few calls would leave no room for all others.
      return [x[0], x[Math.ceil(0.97 * (x.length - 1))]];
    }));
    const low = Math.min(...ends);
    const high = Math.max(...ends);
    return [low * .97, Math.max(high, low * 1.02) * 1.03];
  };
  const redraw = (figure) => {
    figure.drawn = true;
    draw(figure);
  };
  const nearby = new IntersectionObserver((entries) => {
    for (const {target, isIntersecting} of entries) {
      if (isIntersecting && !target.drawn) redraw(target);
    }
  }, {rootMargin: '300px'});
  const figureOf = (chart) => {
    const figure = make('figure', {class: 'chart', 'data-id': chart.name},
                        make('h4', {}, chart.name, make('small', {class: 'where'})),
                        make('div', {class: 'canvas'}), make('ul', {class: 'legendary'}));
    figure.chart = chart;
    return figure;
  };
  const hasPlots = typeof uPlot !== 'undefined';
  const line = ([name, count, steps]) => ({name, count, steps});
  for (const {family, unit, charts} of hasPlots && data.charts || []) {
    const place = all('.charts').find(({dataset}) => dataset.family === family && dataset.unit === unit);
    const made = charts.map(([name, lines]) => ({name, unit, lines: lines.map(line)}));
    if (!place || !made.length) continue;
    const range = rangeOf(made);
    for (const chart of made) {
      const figure = figureOf({...chart, range});
      place.append(figure);
      nearby.observe(figure);
    }
    place.after(make('p', {class: 'note'}, 'Share of the calls that took no longer, by time. One logarithmic scale for all of ' +
                     `${family}; the slowest 3 % may lie beyond it. Names below a chart switch their line off and on.`));
  }
  const redrawAll = () => {
    for (const figure of all('.chart')) if (figure.drawn) redraw(figure);
  };
  dark.addEventListener('change', redrawAll);
  let width = innerWidth;
  addEventListener('resize', () => {
    if (innerWidth === width) return;
    width = innerWidth;
    redrawAll();
  });

  // --- A comparison: base against new.
  const rows = all('.changes > tbody > tr');
  const pairChart = ([id, unit, baseCount, base, nowCount, now]) => {
    const lines = [{name: 'base', count: baseCount, steps: base, color: '--s0'}, {name: 'new', count: nowCount, steps: now, color: '--s1'}]
                      .filter(({steps}) => steps.length);
    return lines.length ? {name: id, unit, lines} : null;
  };
  const openPair = (row) => {
    const pair = data.pairs[rows.indexOf(row)];
    const chart = pairChart(pair);
    const parts = [];
    if (pair[6]) parts.push(make('p', {}, pair[6]));
    const figure = chart && hasPlots && figureOf({...chart, range: rangeOf([chart])});
    if (figure) parts.push(figure);
    if (!chart) parts.push(make('p', {class: 'empty'}, 'No times are known.'));
    parts.push(make('p', {class: 'next'}, 'Again: ', make('code', {}, `nsbench rerun ${pair[0]}`)));
    show(row, pair[0], parts);
    if (figure && figure.isConnected) redraw(figure);
  };
  rows.forEach((row) => {
    row.tabIndex = 0;
    row.setAttribute('aria-expanded', 'false');
  });
  if (data.pairs && hasPlots) {
    const place = document.querySelector('.charts');
    rows.forEach((row, i) => {
      if (!row.matches('.slower, .faster') || place.children.length >= 12) return;
      const chart = pairChart(data.pairs[i]);
      if (!chart) return;
      const figure = figureOf({...chart, range: rangeOf([chart])});
      place.append(figure);
      nearby.observe(figure);
    });
  }

  // --- Filters: words that all have to be in an id, and what to show of it.
  const input = document.getElementById('filter');
  const output = document.getElementById('count');
  const buttons = all('[data-show]');
  const isolationButtons = new Set(['pass', 'fail', 'broken', 'skip']);
  const wasOpen = new Map();
  const filter = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = buttons.filter((button) => button.getAttribute('aria-pressed') === 'true').map(({dataset}) => dataset.show);
    const verdictsWanted = wanted.filter((one) => isolationButtons.has(one));
    const has = (id) => words.every((word) => id.toLowerCase().includes(word));
    let count = 0;
    close(false);
    for (const table of all('.matrix')) {
      let any = false;
      for (const row of all('tbody tr', table)) {
        const found = [...row.cells].filter((cell) => caseOf.has(cell) && has(caseOf.get(cell).id) &&
                                            (!verdictsWanted.length || verdictsWanted.includes(cell.className)));
        row.hidden = !found.length;
        count += found.length;
        any = any || found.length > 0;
      }
      const family = table.closest('details');
      family.hidden = !any;
      // What was found is unfolded; without a filter all is as it was.
      if (words.length || verdictsWanted.length) {
        if (!wasOpen.has(family)) wasOpen.set(family, family.open);
        if (any) family.open = true;
      } else if (wasOpen.has(family)) {
        family.open = wasOpen.get(family);
        wasOpen.delete(family);
      }
    }
    for (const row of all('.timings tbody tr')) {
      row.hidden = !has(`${row.cells[0].textContent}:${row.cells[1].textContent}:${row.cells[2].textContent}`);
      if (!row.hidden && !data.pairs && words.length) count += 1;
    }
    for (const row of all('.changes > tbody > tr')) {
      row.hidden = !has(row.cells[0].textContent) || (wanted.length > 0 && !wanted.includes(row.className));
      count += row.hidden ? 0 : 1;
    }
    for (const item of all('[data-id]')) {
      const ids = item.classList.contains('chart')
                      ? (item.chart.lines.some(({color}) => color) ? [item.dataset.id]
                         : item.chart.lines.map(({name}) => `${item.dataset.id} ${name}`))
                      : item.dataset.id.split(' ');
      item.hidden = !ids.some(has);
    }
    output.textContent = words.length || wanted.length ? `${count} shown` : '';
  };
  if (input) {
    input.addEventListener('input', filter);
    input.form.addEventListener('submit', (event) => event.preventDefault());
    for (const button of buttons) {
      button.addEventListener('click', () => {
        button.setAttribute('aria-pressed', String(button.getAttribute('aria-pressed') !== 'true'));
        filter();
      });
    }
  }

  // --- What is well is folded, where there is much of it; in print tables are open again.
  const families = all('details.family');
  if (cells.length > 200) for (const family of families) family.open = family.classList.contains('wrong');
  for (const table of all('details.times')) table.open = !hasPlots || table.querySelectorAll('tbody tr').length <= 40;
  addEventListener('beforeprint', () => {
    for (const element of all('details.times, details.skips, details.outcome')) element.open = true;
    for (const figure of all('.chart')) if (!figure.drawn) redraw(figure);
  });
  // A link to a family, or to a case, opens it.
  const follow = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    const target = document.getElementById(id);
    if (target && target.matches('details')) target.open = true;
    for (const [cell, {id: name}] of caseOf) {
      if (name !== id) continue;
      cell.closest('details').open = true;
      if (!opened || opened.from !== cell) openCell(cell);
    }
  };
  addEventListener('hashchange', follow);
  if (location.hash) follow();
})();
