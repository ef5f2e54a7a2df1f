/** The evidence of a section: checks, validity, digits of pins, a request beside its certificate, bytes taken apart. */
import type { BytePart, Check, DetailSection, Lifetime } from '../api.ts';
import type { PartKey } from '../field-keys.ts';
import { bytesOf, grouped } from './format.ts';
import { type PanelTexts, usePanelTexts } from './use-panel-texts.tsx';
import { useWords } from './words.ts';

const resultWords = { passed: 'passed', failed: 'failed', 'not-made': 'notMade' } as const;
const resultMarks = { passed: '✓', failed: '✕', 'not-made': '–' } as const;

export function CheckList({ checks }: { readonly checks: readonly Check[] }) {
	const say = usePanelTexts();
	return (
		<ul class="check-list" aria-label={say.checks}>
			{checks.map(({ key, result, value }) => (
				<li key={key} class={result}>
					<span class="check-mark" role="img" aria-label={say[resultWords[result]]}>
						{resultMarks[result]}
					</span>
					<span>
						{say.check[key]}
						{result === 'not-made' && <span class="quiet"> ({say.notMade})</span>}
						{value !== undefined && value !== '' && (
							<span class="value" lang="en">
								{value}
							</span>
						)}
					</span>
				</li>
			))}
		</ul>
	);
}

/** The kubelet renews its certificate in this part of the lifetime. @source client-go certificate manager */
const RENEWAL = { from: 70, to: 90 };

export function Validity({ lifetime, isOfNode }: { readonly lifetime: Lifetime; readonly isOfNode: boolean }) {
	const { messages, duration, say: word } = useWords();
	const say = usePanelTexts();
	const nowMs = Date.now();
	const { notBeforeMs, notAfterMs } = lifetime;
	const share = Math.min(1, Math.max(0, (nowMs - notBeforeMs) / (notAfterMs - notBeforeMs)));
	const left = notAfterMs > nowMs ? messages.lifeLeft(duration(notAfterMs - nowMs)) : word('expired');
	return (
		<figure class="validity">
			<svg viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label={left}>
				<rect class="whole" width="100" height="8" />
				<rect class="past" width={share * 100} height="8" />
				{isOfNode && <rect class="renewal" x={RENEWAL.from} y="2" width={RENEWAL.to - RENEWAL.from} height="4" />}
			</svg>
			<figcaption class="quiet">
				{left}
				{isOfNode && ` · ${say.renewal}`}
			</figcaption>
		</figure>
	);
}

const GROUP = 8;
const groupsOf = (pin: string): readonly string[] => pin.replace(/^sha256:/, '').match(/.{1,8}/g) ?? [];

/** Two hashes in groups of eight digits: a group that differs has a box and a heavier weight. */
export function Digits({ presented, wanted }: { readonly presented: string; readonly wanted: string }) {
	const say = usePanelTexts();
	const [ours, theirs] = [groupsOf(presented), groupsOf(wanted)];
	const differing = ours.filter((group, index) => group !== theirs[index]).length;
	const rows = [
		[say.presented, ours],
		[say.wanted, theirs],
	] as const;
	return (
		<div class="digits">
			{rows.map(([name, groups]) => (
				<div key={name}>
					<span class="quiet">{name}</span>
					<code>
						{groups.map((group, index) => (
							<span key={index} class={ours[index] === theirs[index] ? 'same' : 'differs'}>
								{group}
							</span>
						))}
					</code>
				</div>
			))}
			<p class={differing === 0 ? 'passed' : 'failed'}>
				{differing === 0 ? say.digitsEqual : say.groupsDiffer.replace('{count}', grouped(differing))}
			</p>
		</div>
	);
}

export function AskedAndIssued({ rows }: { readonly rows: NonNullable<DetailSection['comparison']> }) {
	const say = usePanelTexts();
	const { fields } = useWords();
	return (
		<table class="checks">
			<thead>
				<tr>
					<td />
					<th scope="col">{say.asked}</th>
					<th scope="col">{say.issued}</th>
				</tr>
			</thead>
			<tbody>
				{rows.map(({ key, asked, issued }) => (
					<tr key={key}>
						<th scope="row">{fields[key].name}</th>
						<td lang="en">{asked || '–'}</td>
						<td lang="en">{issued || '–'}</td>
					</tr>
				))}
			</tbody>
		</table>
	);
}

interface BytesProps {
	readonly parts: readonly BytePart[];
	readonly bytes: string;
}

const SHOWN_BYTES = 24;

/** DER: offset, name and value of each part, and its first bytes. */
export function ByteParts({ parts, bytes }: BytesProps) {
	const say = usePanelTexts();
	const all = bytesOf(bytes);
	return (
		<ol class="byte-parts">
			{parts.map((part) => (
				<li key={part.offset} class={part.name}>
					<span class="offset" lang="en">
						{part.offset.toString(16).padStart(4, '0')}
					</span>
					<span>
						<span class="name">{say.part[part.name]}</span> <PartValue part={part} />
						<code>{hexOf(all.subarray(part.offset, part.offset + Math.min(part.length, SHOWN_BYTES)))}</code>
						{part.length > SHOWN_BYTES && <span class="quiet"> … {grouped(part.length)}</span>}
					</span>
				</li>
			))}
		</ol>
	);
}

const PartValue = ({ part: { value } }: { readonly part: BytePart }) =>
	value === undefined || value === '' ? null : (
		<span class="value" lang="en">
			{value}
		</span>
	);

const hexOf = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');

const SHOWN_TEXT = 48;
const colors: { readonly [Key in PartKey]?: string } = {
	jwsHeader: 'first',
	tokenId: 'first',
	jwsPayload: 'second',
	jwsSignature: 'third',
	tokenSecret: 'third',
};

/** ASCII text in three colors, and the meaning of each part. */
export function TextParts({ parts, bytes }: BytesProps) {
	const say = usePanelTexts();
	const text = new TextDecoder().decode(bytesOf(bytes));
	return (
		<div class="text-parts">
			<code>
				{parts.map(({ name, offset, length }) => (
					<span key={offset} class={colors[name]}>
						{shortened(text.slice(offset, offset + length))}
					</span>
				))}
			</code>
			<dl>
				{parts.flatMap((part) => (part.name === 'dot' ? [] : [<TextPart key={part.offset} part={part} say={say} />]))}
			</dl>
		</div>
	);
}

const TextPart = ({ part, say }: { readonly part: BytePart; readonly say: PanelTexts }) => (
	<div class="field">
		<dt class={colors[part.name]}>
			{say.part[part.name]} <span class="quiet">{`${part.offset}–${part.offset + part.length - 1}`}</span>
		</dt>
		<dd>
			<PartValue part={part} />
		</dd>
	</div>
);

const shortened = (text: string): string =>
	text.length <= SHOWN_TEXT + GROUP ? text : `${text.slice(0, SHOWN_TEXT)}…${text.slice(-GROUP)}`;
