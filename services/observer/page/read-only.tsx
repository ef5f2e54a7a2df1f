/** Why the page offers no actions, and the line that changes it; a view that has nothing to show. */
import type { ReadOnly } from '../api.ts';
import type { Word } from './catalogue.ts';
import { type Commands, joinCommands } from './commands.ts';
import { CopyButton } from './copy.tsx';
import { Marked } from './marked.tsx';
import { Menu } from './menu.tsx';
import type { Store } from './store.ts';
import { useWords, type Words } from './words.ts';

/** Each line works when it is pasted: into a shell, or for the last two into the settings of the observer. */
const reasons: Readonly<
	Record<ReadOnly['because'], { readonly text: (words: Words, address: string) => string; readonly line: string }>
> = {
	compose: {
		text: ({ say }) => say('becauseCompose'),
		line: 'KUBEJOIN_ALLOW_ACTIONS=true docker compose up -d observer',
	},
	option: { text: ({ say }) => say('becauseOption'), line: 'npm start' },
	address: { text: ({ messages }, address) => messages.listensOn(address), line: 'KUBEJOIN_ALLOW_ACTIONS=true' },
	'no-kubeconfig': {
		text: ({ say }) => say('becauseNoKubeconfig'),
		line: 'KUBEJOIN_KUBECONFIG_FILE=.kubejoin/pki/admin/admin.conf',
	},
};

export function ReadOnlyReason({ readOnly: { because, address } }: { readonly readOnly: ReadOnly }) {
	const words = useWords();
	const { text, line } = reasons[because];
	return (
		<>
			<p>
				<Marked text={text(words, address)} />
			</p>
			<Command line={line} />
		</>
	);
}

export function ReadOnlyMenu({ readOnly }: { readonly readOnly: ReadOnly }) {
	const { say } = useWords();
	return (
		<Menu name={say('readOnly')}>
			{() => (
				<div class="menu-text">
					<ReadOnlyReason readOnly={readOnly} />
				</div>
			)}
		</Menu>
	);
}

export function Command({ line }: { readonly line: string }) {
	return (
		<p class="command">
			<code>{line}</code>
			<CopyButton text={line} />
		</p>
	);
}

/** For a view that has nothing to show. A page that joins nodes needs no command. */
export function NothingYet({
	store,
	word,
	commands,
}: {
	readonly store: Store;
	readonly word: Word;
	readonly commands: Commands;
}) {
	const { say } = useWords();
	const session = store.session.value;
	if (session === undefined) return null;
	const canJoin = session.actions.includes('join') && commands === joinCommands;
	const isDocker = session.readOnly?.because === 'compose';
	return (
		<div class="note">
			<p>{say(word)}</p>
			{canJoin ? (
				<p>{say('noJoinHow')}</p>
			) : (
				<>
					<p>{say('inATerminal')}</p>
					{!isDocker && (
						<>
							<Command line={commands.npm} />
							<p>{say('withDocker')}</p>
						</>
					)}
					<Command line={commands.docker} />
				</>
			)}
		</div>
	);
}
