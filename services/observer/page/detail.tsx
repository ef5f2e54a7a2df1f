/** The details of a step: fields with their meaning to Kubernetes, texts, and bytes. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { DetailSection, Failure, Refusal, Step, StepDetail } from '../api.ts';
import type { FieldKey, SectionKind } from '../field-keys.ts';
import type { Word } from './catalogue.ts';
import { CopyButton } from './copy.tsx';
import { FailureBand, Message, Sentence } from './failure.tsx';
import { failureLines } from './failure-lines.ts';
import { hexDump } from './format.ts';
import { Marked } from './marked.tsx';
import { Panel } from './panel.tsx';
import type { Store } from './store.ts';
import { useWords, type Words } from './words.ts';

const sectionWords: Readonly<Record<SectionKind, Word>> = {
	message: 'sectionMessage',
	check: 'sectionCheck',
	decision: 'sectionDecision',
	certificate: 'sectionCertificate',
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
	onClose,
}: {
	readonly store: Store;
	readonly step: Step;
	readonly onClose: () => void;
}) {
	const detail = useSignal<StepDetail | Refusal | undefined>(undefined);
	useEffect(() => {
		let isWanted = true;
		detail.value = undefined;
		void store.detail(step.join, step.id).then((value) => {
			if (isWanted) detail.value = value;
		});
		return () => {
			isWanted = false;
		};
	}, [step.join, step.id]);
	const found = detail.value;
	return (
		<Panel id={`${step.join}/${step.id}`} title={step.label} titleLang="en" onClose={onClose}>
			{found !== undefined &&
				('sections' in found ? <Sections sections={found.sections} step={step} /> : <FailureBand failure={found} />)}
		</Panel>
	);
}

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

function Section({
	section: { kind, title, fields: values, text, bytes },
	step,
}: {
	readonly section: DetailSection;
	readonly step: Step | undefined;
}) {
	const { say } = useWords();
	const name = say(sectionWords[kind]);
	const body = (
		<>
			<dl>
				{kind === 'failure' && step?.failure !== undefined ? (
					<FailureFields failure={step.failure} step={step} />
				) : (
					values.map(({ key, value }) => <Field key={key} name={key} value={value} step={step} />)
				)}
			</dl>
			{text !== undefined && <Raw name={say('asSent')} text={text} />}
			{bytes !== undefined && <Raw name={say('bytes')} text={hexDump(bytes)} />}
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
	const isSentence = name === 'check.trust' || name === 'token.why';
	const translated = name === 'check.trust' && step !== undefined ? words.trust(step) : words.value(name, value);
	return (
		<div class="field">
			<dt>{label}</dt>
			<dd>
				<span class={`value${isSentence ? ' sentence' : ''}`} lang={translated === undefined ? 'en' : undefined}>
					{name === 'token.why' ? <Sentence text={value} /> : (translated ?? value)}
				</span>
				{meaning !== undefined && <span class="meaning">{meaning}</span>}
			</dd>
		</div>
	);
}

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
