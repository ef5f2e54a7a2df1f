/** Draws a join as a sequence diagram, in SVG or Mermaid. All text is escaped. */
import type { Language } from '../../lib/language.ts';
import type { SeenJoin, SeenStep } from './observer.ts';
import { reportWords } from './report-words.ts';

const known = ['apiserver-sim', 'controller-manager-sim', 'ca-service', 'token-store'];

/** The node, the services in the order of a join, then all other participants. */
function lanesOf(join: SeenJoin): readonly string[] {
	const seen = new Set(join.steps.flatMap(({ from, to }) => [from, to]));
	const others = [...seen].filter((lane) => lane !== join.node && !known.includes(lane)).sort();
	return [join.node, ...known.filter((lane) => seen.has(lane)), ...others];
}

export const escapeXml = (text: string): string =>
	text
		.replace(/[&<>"']/g, (found) => `&#${found.charCodeAt(0)};`)
		.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd');

const isRefused = ({ failure }: SeenStep): boolean => failure !== undefined;

const labelOf = (step: SeenStep, language: Language): string => {
	const mark = step.kind === 'check' ? (isRefused(step) ? '✘ ' : '✔ ') : '';
	const isByWatch = step.tls === undefined && step.kind === 'seen';
	return `${mark}${step.label}${isByWatch ? reportWords[language].byWatch : ''}`;
};
const timeText = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
const atMs = (step: SeenStep): number => step.startMs + (step.kind === 'check' ? step.durationMs : 0);

/** In reading order: by start, but a check by its end. */
const inOrder = (steps: readonly SeenStep[]): readonly SeenStep[] =>
	steps.toSorted((one, other) => atMs(one) - atMs(other));

interface Form {
	readonly width: number;
	readonly timeWidth: number;
	readonly fontSize: number;
	readonly approximateCharacterWidth: number;
	readonly rowHeight: number;
}
/** `narrow` puts each label on a line of its own. */
export const forms = {
	wide: { width: 760, timeWidth: 58, fontSize: 12, approximateCharacterWidth: 6.7, rowHeight: 34 },
	narrow: { width: 328, timeWidth: 0, fontSize: 11.5, approximateCharacterWidth: 6.4, rowHeight: 38 },
} as const satisfies Record<string, Form>;

const cut = (text: string, characters: number): string =>
	[...text].length > characters ? `${[...text].slice(0, Math.max(characters - 1, 1)).join('')}…` : text;

const textAt = (left: number, top: number, text: string, style: string, anchor = 'start'): string =>
	`<text x="${left}" y="${top}" class="${style}" text-anchor="${anchor}">${escapeXml(text)}</text>`;

export function sequenceSvg(join: SeenJoin, formName: keyof typeof forms, language: Language): string {
	const words = reportWords[language];
	const form: Form = forms[formName];
	const { width, timeWidth, fontSize, approximateCharacterWidth, rowHeight } = form;
	const lanes = lanesOf(join);
	const laneWidth = (width - timeWidth) / lanes.length;
	const x = (lane: string): number => Math.round(timeWidth + (Math.max(lanes.indexOf(lane), 0) + 0.5) * laneWidth);
	const steps = inOrder(join.steps);
	const isNarrow = formName === 'narrow';
	const headerHeight = isNarrow ? 18 * lanes.length + 14 : 34;
	const parts: string[] = [];
	let y = headerHeight;
	for (const step of steps) {
		parts.push(stepSvg(step, y));
		y += rowHeight;
		if (step.moment !== undefined && !isRefused(step)) {
			parts.push(
				`<rect class="moment" x="${timeWidth}" y="${y}" width="${width - timeWidth}" height="22" rx="4"/>`,
				textAt(timeWidth + 8, y + 15, words.moments[step.moment], 'moment-text'),
			);
			y += 32;
		}
	}
	const height = y + 6;

	function stepSvg(step: SeenStep, top: number): string {
		const [from, to] = [x(step.from), x(step.to)];
		const style = isRefused(step) ? 'bad' : (step.tls ?? step.kind);
		const line = top + (isNarrow ? 24 : 22);
		const code = isRefused(step) ? `${step.failure?.code}: ` : '';
		const label = code + labelOf(step, language);
		const textStyle = isRefused(step) ? 'label bad-text' : 'label';
		const time = isNarrow ? '' : textAt(timeWidth - 8, line + 4, timeText(atMs(step)), 'time', 'end');
		if (from === to) {
			const room = isNarrow ? width : width - from - 14;
			const onRight = room > 220 || isNarrow;
			const characters = Math.floor((onRight ? room : from - timeWidth - 14) / approximateCharacterWidth);
			const mark = `<circle class="mark ${style}" cx="${from}" cy="${line}" r="4.5"/>`;
			if (isNarrow) return `<g>${textAt(0, top + 12, cut(label, characters), textStyle)}${mark}</g>`;
			const [left, anchor] = onRight ? [from + 12, 'start'] : [from - 12, 'end'];
			return `<g>${time}${mark}${textAt(left, line + 4, cut(label, characters), textStyle, anchor)}</g>`;
		}
		const way = to > from ? 1 : -1;
		const [low, high] = [Math.min(from, to), Math.max(from, to)];
		const startsLeft = isNarrow || width - low > high - timeWidth;
		const characters = Math.floor(
			(isNarrow ? width : startsLeft ? width - low - 8 : high - timeWidth - 8) / approximateCharacterWidth,
		);
		const place = isNarrow ? 0 : startsLeft ? low + 8 : high - 8;
		const shaft = `<path class="arrow ${style}" d="M${from} ${line}H${to - way * 7}"/>`;
		const head = `<path class="head ${style}" d="M${to} ${line}l${-way * 9} -4.5v9z"/>`;
		const anchor = startsLeft ? 'start' : 'end';
		const text = textAt(place, line - (isNarrow ? 11 : 6), cut(label, characters), textStyle, anchor);
		return `<g>${time}${text}${shaft}${head}</g>`;
	}
	const names = lanes.map((lane, index) => {
		if (!isNarrow) return textAt(x(lane), 16, cut(lane, Math.floor(laneWidth / 7)), 'lane-name', 'middle');
		// Names side by side would be cut: each is above its own line, one below the other.
		const isLate = index > lanes.length / 2;
		return textAt(x(lane) + (isLate ? 6 : -6), 14 + 18 * index, cut(lane, 24), 'lane-name', isLate ? 'end' : 'start');
	});
	const lines = lanes.map(
		(lane, index) => `<path class="lane" d="M${x(lane)} ${isNarrow ? 18 * (index + 1) + 2 : 24}V${height}"/>`,
	);
	const title = `${words.drawing(join)}${join.failure === undefined ? '' : `${words.colon}${join.failure.code}`}`;
	const descriptions = steps.map(({ from, to, label, failure }) => {
		const who = from === to ? from : words.message(from, to);
		return `${who}${words.colon}${label}${failure === undefined ? '' : `${words.comma}${failure.code}`}`;
	});
	const size = `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-size="${fontSize}"`;
	return [
		`<svg class="${formName}" ${size} role="img" aria-label="${escapeXml(title)}">`,
		`<desc>${escapeXml(descriptions.join('. '))}</desc>`,
		...lines,
		...names,
		...parts,
		'</svg>',
	].join('');
}

/** Mermaid has signs of its own. */
const plain = (text: string): string =>
	text
		.replace(/[^\p{L}\p{N} ._/:()'"✔✘-]/gu, ' ')
		.replace(/\s+/g, ' ')
		.replace(/\bend\b/gi, 'End')
		.trim();

export function sequenceMermaid(join: SeenJoin, language: Language): string {
	const words = reportWords[language];
	const lanes = lanesOf(join);
	const id = (lane: string): string => `L${Math.max(lanes.indexOf(lane), 0)}`;
	const lines = inOrder(join.steps).flatMap((step) => {
		const code = isRefused(step) ? `${step.failure?.code} ` : '';
		const tls = step.tls === undefined ? '' : ` (${words.protection[step.tls]})`;
		const text = plain(`${code}${labelOf(step, language)}${tls}`);
		const arrow = isRefused(step) ? '--x' : '->>';
		const one =
			step.from === step.to ? `Note over ${id(step.from)}: ${text}` : `${id(step.from)}${arrow}${id(step.to)}: ${text}`;
		return step.moment === undefined || isRefused(step)
			? [one]
			: [one, `Note over ${lanes.map(id).join(',').replace(/,.*,/, ',')}: ${words.moments[step.moment]}`];
	});
	return ['sequenceDiagram', ...lanes.map((lane) => `participant ${id(lane)} as ${plain(lane)}`), ...lines]
		.map((line, index) => (index === 0 ? line : `  ${line}`))
		.join('\n');
}
