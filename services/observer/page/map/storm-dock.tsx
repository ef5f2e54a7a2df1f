/** The strip below the map while many nodes join: their number, the rate, and the refusals. */
import { useRef } from 'preact/hooks';
import type { Storm } from '../../api.ts';
import { grouped } from '../format.ts';
import { hashOf } from '../route.ts';
import { useWords } from '../words.ts';

const SAMPLES = 60;
const CHART = { width: 240, height: 48 };

export function StormDock({ storm }: { readonly storm: Storm }) {
	const { say, messages, duration } = useWords();
	const rates = useRef<readonly number[]>([]);
	const last = useRef<Storm | undefined>(undefined);
	if (last.current !== storm) rates.current = [...rates.current, storm.perSecond].slice(-SAMPLES);
	last.current = storm;
	const { joined, refused, joining, perSecond, p50Ms, p99Ms } = storm;
	const all = Math.max(1, joined + refused + joining);
	const share = (count: number) => ({ width: `${(count / all) * 100}%` });
	const figures = [
		[say('perSecond'), grouped(perSecond)],
		[say('median'), duration(p50Ms)],
		[say('p99'), duration(p99Ms)],
		[say('refused'), grouped(refused)],
	] as const;
	return (
		<section class="dock storm-dock" aria-label={say('joinStorm')}>
			<div class="dock-head">
				<h2>{say('joinStorm')}</h2>
				<span class={joining > 0 ? 'state joining' : 'state joined'}>{say(joining > 0 ? 'joining' : 'joined')}</span>
				<span class="quiet dock-what">{messages.endedOf(joined + refused, joined + refused + joining)}</span>
				<a class="button" href={hashOf('storm')}>
					{say('openStorm')}
				</a>
			</div>
			<div class="storm-bar" aria-hidden="true">
				<span class="joined" style={share(joined)} />
				<span class="joining" style={share(joining)} />
				<span class="refused" style={share(refused)} />
			</div>
			<dl>
				{figures.map(([name, value]) => (
					<div key={name}>
						<dt>{name}</dt>
						<dd>{value}</dd>
					</div>
				))}
				<Rates rates={rates.current} />
			</dl>
		</section>
	);
}

function Rates({ rates }: { readonly rates: readonly number[] }) {
	const { say } = useWords();
	const most = Math.max(1, ...rates);
	const points = rates.map(
		(rate, index) =>
			`${(index / (SAMPLES - 1)) * CHART.width},${CHART.height - 1 - (rate / most) * (CHART.height - 3)}`,
	);
	return (
		<div class="rates">
			<dt>{say('rateHistory')}</dt>
			<dd>
				<svg viewBox={`0 0 ${CHART.width} ${CHART.height}`} {...CHART} aria-hidden="true" focusable="false">
					<polyline points={points.join(' ')} />
				</svg>
			</dd>
		</div>
	);
}
