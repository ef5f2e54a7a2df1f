/** The settings of the observer. */
import {
	contentsOf,
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
	urlWithScheme,
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
		const url = rest.join('=');
		if (name === '' || !URL.canParse(url)) throw new Error('NAME=URL, separated by commas');
		return { name, url };
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
		'names under which programs send traces, separated by commas; the address to receive on is one of them',
	),
	tracesRootKey: setting(
		'TRACES_ROOT_KEY_FILE',
		secretFile,
		'file with the key from which the keys of the programs that send traces are derived: PKI/observer/traces-key',
	),
	forwardTracesTo: optional(
		'FORWARD_TRACES_TO',
		urlWithScheme('http', 'https'),
		'address of another collector that is sent all traces as well: http://HOST:4318/v1/traces',
	),
	kubeconfig: optional(
		'KUBECONFIG_FILE',
		contentsAndPath,
		'kubeconfig of the admin, for the view of the cluster and for actions; without it there is neither',
	),
	services: withDefault(
		'SERVICES',
		services,
		[],
		'services to show the health of: NAME=URL of /readyz, separated by commas',
	),
	allowActions: withDefault(
		'ALLOW_ACTIONS',
		oneOf('true', 'false', 'local'),
		'local',
		'whether whoever sees the page may join nodes and decide requests: true, false, or local for only when it listens on 127.0.0.1',
	),
	pageHosts: withDefault(
		'PAGE_HOSTS',
		list,
		['localhost', '127.0.0.1', '[::1]'],
		'names under which browsers may ask for the page, separated by commas',
	),
	nodesDirectory: optional(
		'NODES_DIRECTORY',
		text,
		'where the nodes that the page joins keep their files; without it the page joins none',
	),
	nodeTracesTo: withDefault(
		'NODE_TRACES_TO',
		urlWithScheme('http', 'https'),
		'http://127.0.0.1:4318',
		'where the nodes that the page joins send their traces',
	),
	experiments: optional(
		'EXPERIMENTS',
		experimentRunner,
		'how experiments are run: local, by this project’s own runner on this machine, or unix:PATH, by the runner that listens there; without it none are offered',
	),
	experimentsDirectory: withDefault(
		'EXPERIMENTS_DIRECTORY',
		text,
		projectPath('chaos/experiments'),
		'directory of the experiments that are offered',
	),
	experimentsState: withDefault(
		'EXPERIMENTS_STATE',
		text,
		'.kubejoin',
		'state directory of the mesh that local experiments are run against',
	),
	keptJoins: withDefault('KEPT_JOINS', integer(1, 10_000), 300, 'joins that are kept with all their steps'),
	story: withDefault(
		'STORY',
		oneOf('checks', 'steps', 'joins', 'off'),
		'checks',
		'lines on standard output: the checks of each join, every step, one line for each join, or none',
	),
	color: optional(
		'COLOR',
		(value) => oneOf('true', 'false')(value) === 'true',
		'whether these lines have colours; unset: on a terminal, unless NO_COLOR is set',
	),
	columns: withDefault('COLUMNS', integer(40, 500), 80, 'width of these lines'),
};
