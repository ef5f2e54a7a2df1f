/** A join storm: joins that ended, of all that began, their rate, durations and errors. */
import type { Storm } from '../api.ts';
import { stormCommands } from './commands.ts';
import { grouped } from './format.ts';
import { NothingYet } from './read-only.tsx';
import { useLabWords } from './use-lab-words.ts';
import type { ViewProps } from './view-props.ts';
import { useWords } from './words.ts';

/** Fewer durations say nothing about a distribution, or about one join in a hundred. */
const ENOUGH = 10;
const ENOUGH_FOR_P99 = 100;

export function StormView({ store }: ViewProps) {
	const { say, duration, phaseName } = useWords();
	const lab = useLabWords();
	const storm = store.storm.value;
	if (storm === undefined || storm.joined + storm.refused + storm.joining === 0)
		return <NothingYet store={store} word="noStorm" commands={stormCommands} />;
	const done = storm.joined + storm.refused;
	const quantile = (enough: number, ms: number) =>
		storm.joined < enough ? <span class="quiet too-few">{lab.needs(enough)}</span> : duration(ms);
	const figures = [
		[lab.done, lab.doneOf(done, done + storm.joining)],
		[say('joined'), grouped(storm.joined)],
		[say('refused'), grouped(storm.refused)],
		[say('perSecond'), grouped(storm.perSecond)],
		[say('median'), quantile(ENOUGH, storm.p50Ms)],
		[say('p99'), quantile(ENOUGH_FOR_P99, storm.p99Ms)],
	] as const;
	const countOf = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);
	const phases = storm.phases.filter(({ counts }) => countOf(counts) >= ENOUGH);
	return (
		<div class="storm">
			<p class="quiet">{lab.allKnown}</p>
			<dl class="figures">
				{figures.map(([name, value]) => (
					<div key={name}>
						<dt>{name}</dt>
						<dd>{value}</dd>
					</div>
				))}
			</dl>
			<progress max={done + storm.joining} value={done} aria-label={lab.done} />
			{phases.length > 0 && (
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
								{phases.map((phase) => (
									<tr key={phase.phase}>
										<th scope="row">
											{phase.phase} <span class="quiet">{phaseName(phase.phase)}</span>
										</th>
										<td class="unbroken">{duration(phase.p50Ms)}</td>
										<td class="unbroken">{countOf(phase.counts) < ENOUGH_FOR_P99 ? '–' : duration(phase.p99Ms)}</td>
										<td>
											<Histogram counts={phase.counts} bucketsMs={storm.bucketsMs} />
										</td>
									</tr>
								))}
							</tbody>
						</table>
					</section>
				</section>
			)}
			{storm.failures.length > 0 && (
				<section class="card">
					<h2>{say('failures')}</h2>
					<table>
						<tbody>
							{storm.failures.map(({ code, count }) => (
								<tr key={code}>
									<th scope="row">{code}</th>
									<td>{grouped(count)}</td>
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
	const spoken = counts.flatMap((count, index) =>
		count === 0 ? [] : [`${messages.withLabel(name(index))}${grouped(count)}`],
	);
	return (
		<svg
			class="histogram"
			viewBox={`0 0 ${counts.length * BAR} ${HEIGHT}`}
			height={HEIGHT}
			preserveAspectRatio="none"
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
					<title>{`${messages.withLabel(name(index))}${grouped(count)}`}</title>
				</rect>
			))}
		</svg>
	);
}

const barHeight = (count: number, most: number): number => (count === 0 ? 1 : 2 + (count / most) * (HEIGHT - 2));
