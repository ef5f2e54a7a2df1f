/** The sign of a party by its role, and the ring around it: the share of the certificate's lifetime that is left. */
import type { Life, Role } from './scene.ts';

const glyphs: Readonly<Record<Exclude<Role, 'store'>, string>> = {
	door: 'M4.5 14V3l6-1v12M3 14h10M8.6 8.2v.1',
	key: 'M8 8h6v2.4M11.5 8v2M8 8a2.6 2.6 0 1 0-5.2 0A2.6 2.6 0 0 0 8 8z',
	loop: 'M13 8a5 5 0 0 1-9 3M3 8a5 5 0 0 1 9-3M12.3 1.800V5H9.100M3.7 14.200V11h3.2',
	rosette: 'M11.6 6a3.6 3.6 0 1 0-7.2 0 3.6 3.6 0 0 0 7.2 0zM5.6 8.800l-1 5.500L8 12.600l3.4 1.7-1-5.5',
	node: 'M2.8 3h10.400v4.200H2.800zM2.8 8.800h10.400V13H2.800zM5.2 5.100h.1M5.2 10.900h.1',
	person: 'M10.6 5a2.6 2.6 0 1 0-5.2 0 2.6 2.6 0 0 0 5.2 0zM2.9 14c0-3 2-4.6 5.1-4.600s5.1 1.6 5.1 4.6',
	eye: 'M1.5 8S4 3.6 8 3.6 14.5 8 14.5 8 12 12.4 8 12.4 1.5 8 1.5 8zM10 8a2 2 0 1 0-4 0 2 2 0 0 0 4 0z',
	mask:
		'M1.5 5.3c4-1.4 9-1.4 13 0 0 4-1.5 6.2-4 6.2-1.3 0-1.9-1.2-2.5-1.2s-1.2 1.2-2.5 1.2c-2.5 0-4-2.2-4-6.2z' +
		'M4.5 7.5H6M10 7.5h1.5',
};

export function Glyph({ of, size = 18 }: { readonly of: Exclude<Role, 'store'>; readonly size?: number }) {
	return (
		<svg class="glyph" viewBox="0 0 16 16" width={size} height={size} aria-hidden="true" focusable="false">
			<path d={glyphs[of]} />
		</svg>
	);
}

/** The part of the lifetime that is left: amber below 30 %. */
export const leftOf = ({ notBeforeMs, notAfterMs }: Life, nowMs: number): number =>
	Math.min(1, Math.max(0, (notAfterMs - nowMs) / (notAfterMs - notBeforeMs)));
export const LOW_SHARE = 0.3;

interface RingProps {
	readonly of: Exclude<Role, 'store'>;
	readonly life: Life | undefined;
	/** Has no certificate; otherwise the lifetime is not known. */
	readonly isBare: boolean;
	readonly nowMs: number;
}

export function Ring({ of: role, life, isBare, nowMs }: RingProps) {
	return (
		<span class="ring">
			<Circle size={36} radius={15.5} life={life} isBare={isBare} nowMs={nowMs} />
			<Glyph of={role} />
		</span>
	);
}

/** The ring alone, for tiles and tables. */
export const TileRing = ({ life, nowMs }: Pick<RingProps, 'life' | 'nowMs'>) => (
	<Circle size={20} radius={8} life={life} isBare={life === undefined} nowMs={nowMs} />
);

interface CircleProps extends Omit<RingProps, 'of'> {
	readonly size: number;
	readonly radius: number;
}

function Circle({ size, radius, life, isBare, nowMs }: CircleProps) {
	const left = life && leftOf(life, nowMs);
	const around = 2 * Math.PI * radius;
	const at = { cx: size / 2, cy: size / 2, r: radius };
	return (
		<svg viewBox={`0 0 ${size} ${size}`} width={size} height={size} aria-hidden="true" focusable="false">
			<circle class={isBare ? 'bare' : 'back'} {...at} />
			{left !== undefined && (
				<circle
					class={left < LOW_SHARE ? 'left low' : 'left'}
					{...at}
					stroke-dasharray={`${around * left} ${around}`}
					transform={`rotate(-90 ${size / 2} ${size / 2})`}
				/>
			)}
		</svg>
	);
}
