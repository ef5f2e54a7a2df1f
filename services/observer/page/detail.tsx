/** The details of a step: fields with their meaning to Kubernetes, texts, and bytes. */
import type { DetailSection, Failure, Step, StepDetail } from '../api.ts';
import type { FieldKey, SectionKind } from '../field-keys.ts';
import { AttackerPart } from './attacker.tsx';
import type { Word } from './catalogue.ts';
import { ConnectionPart, type SeenConnection } from './connection.tsx';
import { CopyButton } from './copy.tsx';
import { AskedAndIssued, ByteParts, CheckList, Digits, TextParts, Validity } from './evidence.tsx';
import { FailureBand, Message, Sentence } from './failure.tsx';
import { failureLines } from './failure-lines.ts';
import { hexDump } from './format.ts';
import { formOf } from './forms.ts';
import { requestText } from './map/trust-words.ts';
import { Marked } from './marked.tsx';
import { Panel } from './panel.tsx';
import { mistakeTexts } from './panel-words.ts';
import { Lock } from './seals.tsx';
import type { Answer, Store } from './store.ts';
import { useAnswer } from './use-answer.ts';
import { usePanelTexts } from './use-panel-texts.tsx';
import { useWords, type Words } from './words.ts';

const sectionWords: Readonly<Record<SectionKind, Word>> = {
	message: 'message',
	check: 'sectionCheck',
	decision: 'sectionDecision',
	certificate: 'certificate',
	csr: 'sectionCsr',
	pin: 'sectionPin',
	jws: 'sectionJws',
	kubeconfig: 'sectionKubeconfig',
	token: 'sectionToken',
	failure: 'sectionFailure',
	attributes: 'sectionAttributes',
};

export function Detail({
	store,
	step,
	steps,
	onClose,
}: {
	readonly store: Store;
	readonly step: Step;
	readonly steps: readonly Step[];
	readonly onClose: () => void;
}) {
	const words = useWords();
	const found = useDetail(store, step);
	const other = useDetail(store, otherConnection(step, steps));
	const seen = connectionIn(found);
	const { duration } = words;
	const isRead = found !== undefined && 'sections' in found;
	const ofDecision = isRead ? found.sections.filter(isOfDecision) : [];
	const isRepeated = isErrorOfJoin(step, steps);
	const rest = isRead
		? found.sections.filter((section) => !isOfDecision(section) && !(section.kind === 'failure' && isRepeated))
		: [];
	return (
		<Panel
			id={`${step.join}/${step.id}`}
			title={
				<>
					{step.tls !== undefined && <Lock form={formOf[step.tls]} size={20} />} {requestText(step, words)}
				</>
			}
			subtitle={
				<>
					<span lang="en">
						{step.from === step.to ? step.from : `${step.from} → ${step.to}`} · {step.label}
					</span>{' '}
					· +{duration(step.atMs)} · {duration(step.durationMs)}
				</>
			}
			onClose={onClose}
			firstTab={step.failure === undefined ? 'connection' : 'request'}
			tabs={{
				connection: seen && <ConnectionPart shown={seen} other={connectionIn(other)} />,
				request: rest.length === 0 ? undefined : <Sections sections={rest} step={step} />,
				decision: ofDecision.length === 0 ? undefined : <Sections sections={ofDecision} step={step} />,
				// With the others: a tab that comes first would be shown first.
				attacker: found && words.phaseTexts.sentence(step.phase) && <AttackerPart phase={step.phase} />,
			}}
		>
			{found !== undefined && !('sections' in found) && <FailureBand failure={found} />}
		</Panel>
	);
}

/** True if the last row of the join has the error: the panel has the evidence. */
const isErrorOfJoin = ({ failure }: Step, steps: readonly Step[]): boolean =>
	steps.some((one) => one.kind === 'check' && one.failure !== undefined && one.failure.sentence === failure?.sentence);

const isOfDecision = ({ kind }: DetailSection): boolean => kind === 'decision' || kind === 'token';

export const useDetail = (store: Store, step: Pick<Step, 'id' | 'join'> | undefined): Answer<StepDetail> =>
	useAnswer(() => step && store.detail(step.join, step.id), [step?.join, step?.id]);

export const connectionIn = (found: Answer<StepDetail>): SeenConnection | undefined =>
	found !== undefined && 'sections' in found && found.connection !== undefined
		? { step: found.step, connection: found.connection }
		: undefined;

/** A message of the same two programs, of which one is mutual and the other is not. */
export const otherConnection = (step: Step, steps: readonly Step[]): Step | undefined =>
	step.kind !== 'message' || step.tls === undefined
		? undefined
		: steps.find(
				({ kind, from, to, tls }) =>
					kind === 'message' &&
					from === step.from &&
					to === step.to &&
					tls === (step.tls === 'mutual' ? 'one-way' : 'mutual'),
			);

interface SectionsProps {
	readonly sections: readonly DetailSection[];
	/** Absent: the sections are of no step. */
	readonly step?: Step | undefined;
}

export const Sections = ({ sections, step }: SectionsProps) => (
	<>
		{sections.map((section, index) => (
			<Section key={`${section.kind}-${index}`} section={section} step={step} />
		))}
	</>
);

function Section({ section, step }: { readonly section: DetailSection; readonly step: Step | undefined }) {
	const { kind, title, fields: values, text, checks, lifetime, comparison } = section;
	const { say } = useWords();
	const name = say(sectionWords[kind]);
	const shown = values.filter(({ key }) => !isInEvidence(key, section));
	const body = (
		<>
			{checks !== undefined && <CheckList checks={checks} />}
			{kind === 'pin' && <Pins section={section} />}
			{lifetime !== undefined && <Validity lifetime={lifetime} isOfNode={title.includes(NODE_PREFIX)} />}
			<dl>
				{kind === 'failure' && step?.failure !== undefined ? (
					<FailureFields failure={step.failure} step={step} />
				) : (
					shown.map(({ key, value }) => <Field key={key} name={key} value={value} step={step} />)
				)}
			</dl>
			{comparison !== undefined && <AskedAndIssued rows={comparison} />}
			<Bytes section={section} />
			{text !== undefined && <Raw name={say('asSent')} text={text} />}
		</>
	);
	if (kind === 'attributes')
		return (
			<details>
				<summary>{name}</summary>
				{body}
			</details>
		);
	return (
		<section class={`section-${kind}`}>
			<h3>
				{name}{' '}
				{title !== '' && (
					<span class="quiet" lang="en">
						{title}
					</span>
				)}
			</h3>
			{body}
		</section>
	);
}

const NODE_PREFIX = 'CN=system:node:';

/** True for a field that the evidence of its section shows. */
const isInEvidence = (key: string, { parts, checks }: DetailSection): boolean =>
	(parts !== undefined && inParts.has(key)) || (checks !== undefined && inChecks.has(key));
const inParts: ReadonlySet<string> = new Set<FieldKey>([
	...(['jws.detached', 'jws.header', 'jws.signature', 'jws.signedText', 'csr.spki'] as const),
]);
const inChecks: ReadonlySet<string> = new Set<FieldKey>(['pin.presented', 'pin.wanted', 'pin.matches', 'pin.sha256']);

/** The digits of each given pin beside those of the certificate. */
function Pins({ section: { fields } }: { readonly section: DetailSection }) {
	const value = (key: FieldKey): string => fields.find((field) => field.key === key)?.value ?? '';
	const wanted = value('pin.wanted')
		.split('\n')
		.filter((pin) => pin !== '');
	return wanted.map((pin) => <Digits key={pin} presented={value('pin.presented')} wanted={pin} />);
}

/** Text in colors at once; DER in a part that the reader opens, and that of a pin at once. */
function Bytes({ section: { kind, bytes, parts, isText } }: { readonly section: DetailSection }) {
	const { say } = useWords();
	const texts = usePanelTexts();
	if (bytes === undefined) return null;
	const isSigned = kind === 'jws';
	return (
		<>
			{parts !== undefined && isText && <TextParts parts={parts} bytes={bytes} />}
			{parts !== undefined && !isText && (
				<details class="raw" open={kind === 'pin'}>
					<summary>{texts.bytesApart}</summary>
					<ByteParts parts={parts} bytes={bytes} />
				</details>
			)}
			{isSigned && <Raw name={texts.textToSign} text={atob(bytes).replace(/\.[^.]*$/, '')} />}
			{!isText && <Raw name={say('bytes')} text={hexDump(bytes)} />}
		</>
	);
}

function Field({
	name,
	value,
	step,
}: {
	readonly name: string;
	readonly value: string;
	readonly step: Step | undefined;
}) {
	const words = useWords();
	if (!isFieldKey(name, words.fields))
		return (
			<div class="field" lang="en">
				<dt>{name}</dt>
				<dd>
					<span class="value">{value}</span>
				</dd>
			</div>
		);
	const { name: label, meaning } = words.fields[name];
	const isSentence = name === 'check.trust' || name === 'token.why' || name === 'pin.mistake';
	const mistake = name === 'pin.mistake' ? mistakeTexts[value] : undefined;
	const translated =
		name === 'check.trust' && step !== undefined ? words.trust(step) : (words.value(name, value) ?? mistake);
	return (
		<div class="field">
			<dt>{label}</dt>
			<dd>
				<span class={`value${isSentence ? ' sentence' : ''}`} lang={translated === undefined ? 'en' : undefined}>
					{name === 'token.why' ? <Sentence text={value} /> : cutHex(translated ?? value)}
				</span>
				{meaning !== undefined && <span class="meaning">{meaning}</span>}
			</dd>
		</div>
	);
}

/** Long digits are in the bytes of the section. */
const cutHex = (value: string): string => value.replaceAll(/([0-9a-f]{64})[0-9a-f]+/g, '$1…');

/** As in the failure band, with the names of the fields as labels. */
function FailureFields({ failure, step }: { readonly failure: Failure; readonly step: Step }) {
	const words = useWords();
	return (
		<>
			<Field name="failure.code" value={failure.code} step={step} />
			<div class="field">
				<dt>{words.fields['failure.sentence'].name}</dt>
				<dd>
					<span class="value">
						<Message failure={failure} />
					</span>
				</dd>
			</div>
			{failureLines(failure, words).map(({ label, text, isEnglish }) => (
				<div key={`${label}${text}`} class="field">
					<dt>{label}</dt>
					<dd>
						<span class="value sentence" lang={isEnglish ? 'en' : undefined}>
							<Marked text={text} />
						</span>
					</dd>
				</div>
			))}
		</>
	);
}

/** The fields of the section `attributes` have the names of attributes. */
const isFieldKey = (name: string, fields: Words['fields']): name is FieldKey => Object.hasOwn(fields, name);

function Raw({ name, text }: { readonly name: string; readonly text: string }) {
	return (
		<details class="raw">
			<summary>{name}</summary>
			<CopyButton text={text} />
			{/* A region that scrolls must be reachable by keyboard. */}
			{/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
			<pre tabIndex={0}>{text}</pre>
		</details>
	);
}
