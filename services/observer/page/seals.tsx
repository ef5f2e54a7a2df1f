/**
 * The forms of protection, the same in the map, the panels and the rows. They differ without color: the number of
 * strokes, the seals at the ends, and the body of the padlock. A text beside each has its meaning.
 */
import { type Form, sealsOf } from './forms.ts';

/** In a box of 16 by 16: open and empty; closed, half filled; closed, filled, with a check. */
export function LockShape({ form }: { readonly form: Form }) {
	if (form === 'clear') return null;
	if (form === 'broken')
		return (
			<>
				<path class="fill" d="M5 1h6l4 4v6l-4 4H5l-4-4V5z" />
				<path class="mark" d="M5.5 5.5l5 5M10.5 5.5l-5 5" />
			</>
		);
	if (form === 'attacker')
		return (
			<>
				<path class="fill" d="M8 0.5l6.5 3.75v7.5L8 15.5l-6.5-3.75v-7.5z" />
				<path class="mark" d="M8 4.5v4.5M8 11.5v0.1" />
			</>
		);
	const shackle = form === 'none' ? 'M5 7.5V4.5a3 3 0 0 1 5.7-1.3' : 'M5 7.5V5a3 3 0 0 1 6 0v2.5';
	return (
		<>
			<path class="stroke" d={shackle} />
			<path class={form === 'mutual' ? 'fill stroke' : 'stroke'} d="M3.5 7.5h9v7h-9z" />
			{form === 'one-way' && <path class="fill" d="M8 7.5h4.5v7H8z" />}
			{form === 'mutual' && <path class="mark" d="M5.7 11l1.7 1.7 3-3.2" />}
		</>
	);
}

export function Lock({ form, size = 16 }: { readonly form: Form; readonly size?: number }) {
	return (
		<svg class={`lock ${form}`} viewBox="0 0 16 16" width={size} height={size} aria-hidden="true" focusable="false">
			<LockShape form={form} />
		</svg>
	);
}

/** Filled: the other side verified the certificate of this end. */
export function Seal({ x, y, isFilled }: { readonly x: number; readonly y: number; readonly isFilled: boolean }) {
	return (
		<g class={`seal${isFilled ? ' filled' : ''}`} transform={`translate(${x} ${y})`}>
			<circle r="6" />
			{isFilled && <path class="mark" d="M-2.8 0.200l2 2L2.9-2" />}
		</g>
	);
}

const LINE = 'M8 8h34';

/** A sample of a line, for legends and strips. */
export function LineSample({ form }: { readonly form: Form }) {
	const [client, server] = sealsOf(form);
	return (
		<svg class={`sample ${form}`} viewBox="0 0 50 16" width="50" height="16" aria-hidden="true" focusable="false">
			<path class={`line ${form}`} d={LINE} />
			{form === 'mutual' && <path class="line inner" d={LINE} />}
			{client !== undefined && <Seal x={8} y={8} isFilled={client} />}
			{server !== undefined && <Seal x={42} y={8} isFilled={server} />}
			{(form === 'broken' || form === 'attacker') && (
				<g class={`lock ${form}`} transform="translate(17 0)">
					<LockShape form={form} />
				</g>
			)}
		</svg>
	);
}
