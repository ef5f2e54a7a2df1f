/** A join storm: number of joins, rate, durations and errors. */
import type { Storm } from '../api.ts';
import type { ViewProps } from './view-props.ts';
import { useWords } from './words.ts';

export function StormView({ store }: ViewProps) {
	const { say, duration, phaseName } = useWords();
	const storm = store.storm.value;
	if (storm === undefined || storm.joined + storm.refused + storm.joining === 0)
		return <p class="note">{say('noStorm')}</p>;
	const figures = [
		[say('joined'), storm.joined],
		[say('refused'), storm.refused],
		[say('joining'), storm.joining],
		[say('perSecond'), storm.perSecond],
		[say('median'), duration(storm.p50Ms)],
		[say('p99'), duration(storm.p99Ms)],
	] as const;
	return (
		<div class="storm">
			<dl class="figures">
				{figures.map(([name, value]) => (
					<div key={name}>
						<dt>{name}</dt>
						<dd>{value}</dd>
					</div>
				))}
			</dl>
			<section class="card">
				<h2>{say('phases')}</h2>
				{/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
				<section class="scroll" tabIndex={0} aria-label={say('phases')}>
					<table>
						<thead>
							<tr>
								<th scope="col">{say('name')}</th>
								<th scope="col">{say('median')}</th>
								<th scope="col">{say('p99')}</th>
								<th scope="col">{say('distribution')}</th>
							</tr>
						</thead>
						<tbody>
							{storm.phases.map((phase) => (
								<tr key={phase.phase}>
									<th scope="row">
										{phase.phase} <span class="quiet">{phaseName(phase.phase)}</span>
									</th>
									<td class="unbroken">{duration(phase.p50Ms)}</td>
									<td class="unbroken">{duration(phase.p99Ms)}</td>
									<td>
										<Histogram counts={phase.counts} bucketsMs={storm.bucketsMs} />
									</td>
								</tr>
							))}
						</tbody>
					</table>
				</section>
			</section>
			{storm.failures.length > 0 && (
				<section class="card">
					<h2>{say('failures')}</h2>
					<table>
						<tbody>
							{storm.failures.map(({ code, count }) => (
								<tr key={code}>
									<th scope="row">{code}</th>
									<td>{count}</td>
								</tr>
							))}
						</tbody>
					</table>
				</section>
			)}
		</div>
	);
}

const BAR = 14;
const HEIGHT = 32;

function Histogram({
	counts,
	bucketsMs,
}: {
	readonly counts: readonly number[];
	readonly bucketsMs: Storm['bucketsMs'];
}) {
	const { messages, duration } = useWords();
	const most = Math.max(1, ...counts);
	const name = (index: number) =>
		index < bucketsMs.length ? `≤ ${duration(bucketsMs[index] ?? 0)}` : `> ${duration(bucketsMs.at(-1) ?? 0)}`;
	const spoken = counts.flatMap((count, index) => (count === 0 ? [] : [`${messages.withLabel(name(index))}${count}`]));
	return (
		<svg
			class="histogram"
			viewBox={`0 0 ${counts.length * BAR} ${HEIGHT}`}
			width={counts.length * BAR}
			height={HEIGHT}
			role="img"
			aria-label={messages.list(spoken)}
		>
			{counts.map((count, index) => (
				<rect
					key={index}
					class={count === 0 ? 'empty' : ''}
					x={index * BAR + 1}
					width={BAR - 2}
					y={HEIGHT - barHeight(count, most)}
					height={barHeight(count, most)}
				>
					<title>{`${messages.withLabel(name(index))}${count}`}</title>
				</rect>
			))}
		</svg>
	);
}

const barHeight = (count: number, most: number): number => (count === 0 ? 1 : 2 + (count / most) * (HEIGHT - 2));
