/** The settings of the observer. */
import {
	boolean,
	contentsOf,
	httpUrl,
	integer,
	list,
	listenSettings,
	oneOf,
	optional,
	type Parse,
	port,
	secretFile,
	setting,
	text,
	withDefault,
} from '../../lib/config.ts';
import { projectPath } from '../../lib/paths.ts';

const contentsAndPath: Parse<{ readonly path: string; readonly contents: string }> = (path) => ({
	path,
	contents: contentsOf(path),
});

/** `ca-service=http://127.0.0.1:6453/readyz`, separated by commas. */
const services: Parse<readonly { readonly name: string; readonly url: string }[]> = (value) =>
	list(value).map((item) => {
		const [name = '', ...rest] = item.split('=');
		if (name === '') throw new Error('NAME=URL, separated by commas');
		return { name, url: httpUrl(rest.join('=')) };
	});

/** `local`, or `unix:` and the path of a socket. */
const experimentRunner: Parse<{ readonly socket?: string }> = (value) => {
	if (value === 'local') return {};
	if (!value.startsWith('unix:/')) throw new Error('local, or unix: and the absolute path of a socket');
	return { socket: value.slice('unix:'.length) };
};

export const settings = {
	...listenSettings(8080),
	otlpAddress: withDefault('OTLP_ADDRESS', text, '127.0.0.1', 'address to receive traces on, OTLP over HTTP as JSON'),
	otlpPort: withDefault('OTLP_PORT', port, 4318, 'port to receive traces on'),
	otlpHosts: withDefault(
		'OTLP_HOSTS',
		list,
		['localhost', '127.0.0.1', '[::1]'],
		'host names under which programs send traces, separated by commas; OTLP_ADDRESS is one of them',
	),
	tracesRootKey: setting(
		'TRACES_ROOT_KEY_FILE',
		secretFile,
		'file with the root key from which the key of each program is derived: PKI/observer/traces-key',
	),
	forwardTracesTo: optional(
		'FORWARD_TRACES_TO',
		httpUrl,
		'URL of another collector that receives a copy of all traces: http://HOST:4318/v1/traces',
	),
	kubeconfig: optional(
		'KUBECONFIG_FILE',
		contentsAndPath,
		'kubeconfig of the admin; without it the page shows no cluster and offers no actions',
	),
	certificates: optional(
		'CERTIFICATES_FILE',
		text,
		'file with the certificates of the mesh, without keys, which the page shows: PKI/observer/certificates.json',
	),
	services: withDefault(
		'SERVICES',
		services,
		[],
		'services whose health the page shows: NAME=URL of /readyz, separated by commas',
	),
	allowActions: withDefault(
		'ALLOW_ACTIONS',
		oneOf('true', 'false', 'local'),
		'local',
		'whether the page can join nodes and decide requests: true, false, or local (only if it listens on 127.0.0.1)',
	),
	pageHosts: withDefault(
		'PAGE_HOSTS',
		list,
		['localhost', '127.0.0.1', '[::1]'],
		'host names under which browsers can open the page, separated by commas',
	),
	nodesDirectory: optional(
		'NODES_DIRECTORY',
		text,
		'directory for the files of the nodes that the page joins; without it the page joins none',
	),
	nodeTracesTo: withDefault(
		'NODE_TRACES_TO',
		httpUrl,
		'http://127.0.0.1:4318',
		'URL to which the nodes that the page joins send their traces',
	),
	experiments: optional(
		'EXPERIMENTS',
		experimentRunner,
		'runner of the experiments: local (on this machine), or unix:PATH (behind a socket); without it there are none',
	),
	experimentsDirectory: withDefault(
		'EXPERIMENTS_DIRECTORY',
		text,
		projectPath('chaos/experiments'),
		'directory of the experiments',
	),
	experimentsState: withDefault(
		'EXPERIMENTS_STATE',
		text,
		'.kubejoin',
		'state directory of the mesh that local experiments use',
	),
	stateDirectory: optional(
		'STATE_DIRECTORY',
		text,
		'directory for the joins and the runs of experiments that survive a restart; without it a restart loses them',
	),
	keptJoins: withDefault('KEPT_JOINS', integer(1, 10_000), 1_000, 'number of joins that are kept with all their steps'),
	story: withDefault(
		'STORY',
		oneOf('checks', 'steps', 'joins', 'off'),
		'checks',
		'lines on standard output: the checks of each join, every step, one line for each join, or none',
	),
	color: optional('COLOR', boolean, 'whether these lines have colours; unset: on a terminal, unless NO_COLOR is set'),
	language: withDefault('LANGUAGE', oneOf('en', 'zh'), 'en', 'language of these lines'),
	columns: withDefault('COLUMNS', integer(40, 500), 80, 'width of these lines'),
};
