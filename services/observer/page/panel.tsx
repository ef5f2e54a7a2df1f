/**
 * The right panel of every view. Its tabs are in the same order everywhere; a tab without content is absent. It has
 * the width that the reader gave it, closes with Escape, and returns the focus to the element that opened it.
 */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Word } from './catalogue.ts';
import { keep, kept } from './kept.ts';
import { useWords } from './words.ts';

const tabNames = ['connection', 'request', 'decision', 'attacker'] as const;
type TabName = (typeof tabNames)[number];
const tabWords = {
	connection: 'tabConnection',
	request: 'tabRequest',
	decision: 'tabDecision',
	attacker: 'tabAttacker',
} as const satisfies Record<TabName, Word>;

interface PanelProps {
	/** Of the object: another object moves the focus to the heading, and shows the first tab. */
	readonly id: string;
	readonly title: ComponentChildren;
	readonly subtitle?: ComponentChildren;
	readonly titleLang?: string;
	/** Without tabs, the panel has `children` only. */
	readonly tabs?: Readonly<Partial<Record<TabName, ComponentChildren>>>;
	readonly firstTab?: TabName;
	readonly children?: ComponentChildren;
	readonly onClose: () => void;
}

export function Panel({ id, title, subtitle, titleLang, tabs = {}, firstTab, children, onClose }: PanelProps) {
	const { say } = useWords();
	const chosen = useSignal<TabName | undefined>(undefined);
	const heading = useRef<HTMLHeadingElement>(null);
	const opener = useRef<Element | null>(null);
	useEffect(() => {
		opener.current = document.activeElement;
		return () => {
			const { current } = opener;
			if (current instanceof HTMLElement || current instanceof SVGElement)
				requestAnimationFrame(() => current.isConnected && current.focus());
		};
	}, []);
	useEffect(() => {
		chosen.value = undefined;
		heading.current?.focus();
	}, [id]);
	const present = tabNames.filter((name) => tabs[name] !== undefined);
	const current = present.find((name) => name === (chosen.value ?? firstTab)) ?? present[0];
	return (
		<aside
			class="panel"
			aria-label={say('details')}
			onKeyDown={(event) => {
				if (event.key !== 'Escape') return;
				event.stopPropagation();
				onClose();
			}}
		>
			<Resizer />
			<header>
				<div>
					<h2 tabIndex={-1} ref={heading} lang={titleLang}>
						{title}
					</h2>
					{subtitle !== undefined && <p class="quiet">{subtitle}</p>}
				</div>
				<button type="button" class="close" onClick={onClose} aria-label={say('close')}>
					✕
				</button>
			</header>
			{current !== undefined && (
				<>
					<Tabs present={present} current={current} onChoose={(name) => (chosen.value = name)} />
					<div role="tabpanel" id="panel-body" aria-labelledby={`tab-${current}`}>
						{tabs[current]}
					</div>
				</>
			)}
			{children}
		</aside>
	);
}

interface TabsProps {
	readonly present: readonly TabName[];
	readonly current: TabName;
	readonly onChoose: (name: TabName) => void;
}

function Tabs({ present, current, onChoose }: TabsProps) {
	const { say } = useWords();
	const move = (event: KeyboardEvent) => {
		const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
		const next = present.at((present.indexOf(current) + by) % present.length);
		if (by === 0 || next === undefined) return;
		event.preventDefault();
		onChoose(next);
		requestAnimationFrame(() => document.getElementById(`tab-${next}`)?.focus());
	};
	return (
		<div class="tabs" role="tablist" aria-label={say('details')} onKeyDown={move}>
			{present.map((name) => (
				<button
					key={name}
					type="button"
					role="tab"
					id={`tab-${name}`}
					aria-selected={name === current}
					aria-controls="panel-body"
					tabIndex={name === current ? 0 : -1}
					onClick={() => onChoose(name)}
				>
					{say(tabWords[name])}
				</button>
			))}
		</div>
	);
}

const MIN_PX = 320;
const MAX_PX = 720;
const START_PX = 440;
const STEP_PX = 16;
const KEY = 'kubejoin.panel';
const bounded = (px: number): number => Math.min(MAX_PX, Math.max(MIN_PX, Math.round(px)));

function Resizer() {
	const { say } = useWords();
	const width = useSignal(bounded(Number(kept(KEY)) || START_PX));
	const isMoving = useRef(false);
	useEffect(() => {
		document.documentElement.style.setProperty('--panel-width', `${width.value}px`);
		keep(KEY, String(width.value));
	}, [width.value]);
	return (
		// biome-ignore lint/a11y/useSemanticElements: a rule cannot take the focus
		<div
			class="resize"
			role="separator"
			tabIndex={0}
			aria-orientation="vertical"
			aria-label={say('panelWidth')}
			aria-valuemin={MIN_PX}
			aria-valuemax={MAX_PX}
			aria-valuenow={width.value}
			onKeyDown={({ key }) => {
				if (key === 'ArrowLeft') width.value = bounded(width.value + STEP_PX);
				if (key === 'ArrowRight') width.value = bounded(width.value - STEP_PX);
			}}
			onPointerDown={(event) => {
				isMoving.current = true;
				event.currentTarget.setPointerCapture(event.pointerId);
			}}
			onPointerMove={({ clientX }) => {
				if (isMoving.current) width.value = bounded(document.documentElement.clientWidth - clientX);
			}}
			onPointerUp={() => {
				isMoving.current = false;
			}}
		/>
	);
}
