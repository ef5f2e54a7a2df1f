/**
 * Reads settings. It is the only module that reads the environment. It reports all problems at once, with the value and
 * the allowed values, and never replaces an invalid value by a default. Secrets come as files; their contents are never
 * printed.
 */
import { splitHostPort } from './address.ts';
import { causeText, KubejoinError } from './errors.ts';
import { readText } from './files.ts';

export const PREFIX = 'KUBEJOIN_';

/** Converts the text of a setting; throws an Error whose message is the allowed form. */
export type Parse<T> = (text: string) => T;

export interface Setting<T> {
	/** Environment variable without the prefix: `PORT` for KUBEJOIN_PORT. */
	readonly env: string;
	readonly parse: Parse<T>;
	/** Undefined: the setting is required. */
	readonly fallback?: T;
	/** One line for people, with the unit. */
	readonly help: string;
}
export type Settings = Readonly<Record<string, Setting<unknown>>>;
export type Config<S extends Settings> = { readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never };

export const setting = <T>(env: string, parse: Parse<T>, help: string): Setting<T> => ({ env, parse, help });
export const withDefault = <T>(env: string, parse: Parse<T>, fallback: NoInfer<T>, help: string): Setting<T> => ({
	env,
	parse,
	fallback,
	help,
});
/** A setting that can be absent and has no default. */
export const optional = <T>(env: string, parse: Parse<T>, help: string): Setting<T | undefined> => ({
	env,
	parse,
	fallback: undefined,
	help,
});

export const text: Parse<string> = (value) => value;

export const integer =
	(min: number, max: number): Parse<number> =>
	(value) => {
		const number = Number(value);
		if (!/^\d+$/.test(value) || number < min || number > max) throw new Error(`a whole number from ${min} to ${max}`);
		return number;
	};

export const boolean: Parse<boolean> = (value) => oneOf('true', 'false')(value) === 'true';

/** A TCP port. 0 is refused, because other services dial the port. */
export const port = integer(1, 65535);

export const oneOf =
	<const V extends readonly string[]>(...allowed: V): Parse<V[number]> =>
	(value) => {
		if (!allowed.includes(value)) throw new Error(`one of ${allowed.join(', ')}`);
		return value;
	};

export const list: Parse<readonly string[]> = (value) =>
	value
		.split(',')
		.map((item) => item.trim())
		.filter((item) => item !== '');

/** The contents of the file that the setting names. */
export const contentsOf: Parse<string> = (path) => {
	try {
		return readText(path);
	} catch (error) {
		throw new Error(`a file that can be read (${causeText(error)})`);
	}
};

/** The contents of a file without the line break at its end, for password files. */
export const secretFile: Parse<string> = (path) => {
	const secret = contentsOf(path).replace(/\r?\n$/, '');
	if (secret === '') throw new Error('a file that is not empty');
	return secret;
};

/** `host:port`, the host a DNS name, an IPv4 address or an IPv6 address in brackets. */
export const hostPort: Parse<string> = (value) => {
	if (splitHostPort(value) === undefined) throw new Error('HOST:PORT, without a scheme');
	return value;
};

/** `http://HOST[:PORT][/PATH]`, as given. Credentials are refused, because an address is logged. */
export const httpUrl: Parse<string> = (value) => {
	const { protocol = '', username = '', password = '' } = URL.canParse(value) ? new URL(value) : {};
	if (!/^https?:$/.test(protocol) || username !== '' || password !== '')
		throw new Error('an address such as http://127.0.0.1:8080, without a user name');
	return value;
};

/** The address of a store as given, `redis(s):` or `lmdb:`; the store reads the rest. */
export const urlWithScheme =
	(...schemes: string[]): Parse<string> =>
	(value) => {
		if (!schemes.some((scheme) => value.startsWith(`${scheme}:`)))
			throw new Error(`an address that starts with ${schemes.map((s) => `${s}:`).join(', ')}`);
		return value;
	};

type Environment = Readonly<Record<string, string | undefined>>;

/** The process environment, for standard variables such as KUBECONFIG, HOME, NO_COLOR and CI. */
export const environment = (): Environment => process.env;

/**
 * Makes the requests of this process ignore proxies. gRPC calls never use one; `fetch` follows the variables of
 * the shell if NODE_USE_ENV_PROXY is set, unless NO_PROXY excludes every host.
 */
export function ignoreProxies(env: NodeJS.ProcessEnv = process.env): void {
	env.no_proxy = '*';
	env.NO_PROXY = '*';
}

/**
 * Read the settings of a service.
 *
 * @param settings  the service's table
 * @param env       default: the process environment
 * @throws CONFIG_INVALID  every missing, invalid or unknown KUBEJOIN_ variable at once
 */
export function readConfig<S extends Settings>(settings: S, env: Environment = process.env): Config<S> {
	const problems: string[] = [];
	const values: Record<string, unknown> = {};
	for (const [name, { env: suffix, parse, fallback, help }] of Object.entries(settings)) {
		const variable = PREFIX + suffix;
		const found = env[variable];
		if (found === undefined) {
			if (!('fallback' in (settings[name] ?? {}))) problems.push(`${variable} is missing: ${help}`);
			else values[name] = fallback;
			continue;
		}
		try {
			values[name] = parse(found);
		} catch (error) {
			problems.push(`${variable}=${JSON.stringify(found)} cannot be used: it must be ${causeText(error)}`);
		}
	}
	const known = Object.values(settings).map((s) => PREFIX + s.env);
	for (const variable of Object.keys(env)) {
		if (variable.startsWith(PREFIX) && !known.includes(variable)) {
			problems.push(`${variable} is not a setting of this program; it knows ${known.sort().join(', ')}`);
		}
	}
	if (problems.length > 0) throw new KubejoinError('CONFIG_INVALID', { problems });
	return values as Config<S>;
}

/** The help of a service, which has settings and no options. */
export function settingsHelp(service: string, settings: Settings): string {
	const rows = Object.values(settings).map((one) => {
		const { env, fallback, help } = one;
		const shown = fallback === undefined ? '' : String(fallback);
		const note = 'fallback' in one ? (shown === '' ? '' : ` (default: ${shown})`) : ' (required)';
		return `  ${PREFIX}${env}\n      ${help}${note}`;
	});
	return [`Usage: ${service} [--help]\n`, 'Settings, all of them environment variables:', ...rows.toSorted(), ''].join(
		'\n',
	);
}

/** Settings of every program that sends traces, beside the standard OTEL_ variables. */
export const tracingSettings = {
	tracesKey: optional(
		'TRACES_KEY_FILE',
		secretFile,
		'file with the key that authenticates this program at the observer: PKI/PROGRAM/traces-key',
	),
};

/** For the case that the other settings are invalid. */
export const invalidSettings = withDefault(
	'INVALID_SETTINGS',
	oneOf('exit', 'wait'),
	'exit',
	'after invalid settings: exit with 2, or wait to be stopped, where an exit would only cause restarts',
);

/** Settings of every service. */
export const commonSettings = {
	...tracingSettings,
	invalidSettings,
	logLevel: withDefault(
		'LOG_LEVEL',
		oneOf('error', 'warn', 'info', 'debug'),
		'info',
		'log level: error, warn, info or debug',
	),
	logFormat: withDefault(
		'LOG_FORMAT',
		oneOf('text', 'json'),
		'text',
		'format of log lines: text for people, json for programs',
	),
	healthAddress: withDefault(
		'HEALTH_ADDRESS',
		text,
		'127.0.0.1',
		'address of /healthz, /livez, /readyz and /metrics; any client that can connect can read them',
	),
	healthHosts: withDefault(
		'HEALTH_HOSTS',
		list,
		[],
		'host names of the health port, separated by commas, besides addresses, localhost and the name of the service',
	),
	healthPort: withDefault('HEALTH_PORT', port, 10248, 'port of /healthz, /livez, /readyz and /metrics'),
};

/** Settings of every service with a gRPC server. */
export const listenSettings = (defaultPort: number) => ({
	listenAddress: withDefault('LISTEN_ADDRESS', text, '127.0.0.1', 'address to listen on'),
	port: withDefault('PORT', port, defaultPort, 'port to listen on'),
});

/** Settings of every service with a store. */
export const storeSettings = {
	storeUrl: setting(
		'STORE_URL',
		urlWithScheme('redis', 'rediss', 'lmdb'),
		'address of the store: redis://HOST:PORT, rediss://HOST:PORT or lmdb:DIRECTORY',
	),
	storeUsername: optional('STORE_USERNAME', text, 'Redis ACL user'),
	storePassword: optional('STORE_PASSWORD_FILE', secretFile, 'file with the password of that user'),
	storeCa: optional('STORE_CA_FILE', contentsOf, 'PEM file with the CA of a rediss: server'),
	storeCertificate: optional(
		'STORE_CERT_FILE',
		contentsOf,
		'PEM file with the client certificate for a rediss: server',
	),
	storeKey: optional('STORE_KEY_FILE', contentsOf, 'PEM file with the key of that certificate'),
};

/** The store settings as `openStore` takes them. */
export function storeOptions(config: Config<typeof storeSettings>, keyspace: string) {
	const { storeUrl, storeUsername, storePassword, storeCa, storeCertificate, storeKey } = config;
	return {
		url: storeUrl,
		keyspace,
		username: storeUsername,
		password: storePassword,
		...(storeCa === undefined
			? {}
			: {
					tls: {
						ca: storeCa,
						cert: storeCertificate,
						key: storeKey,
					},
				}),
	};
}
