import assert from 'node:assert/strict';
import { KubejoinError } from '../../../lib/errors.ts';
import {
	deleteOptionsOfQuery,
	readCollectionDeleteOptions,
	readDeleteOptions,
	readListOptions,
	readPatchOptions,
	readWriteOptions,
} from './options.ts';

const query = (text: string) => new URLSearchParams(text);
const ignore = () => undefined;
function refusal(read: () => unknown): string {
	try {
		return JSON.stringify(read());
	} catch (error) {
		if (!(error instanceof KubejoinError)) throw error;
		return `${error.http.status} ${error.message}`;
	}
}
const invalidOptions = (kind: string) => `422 ${kind}.meta.k8s.io "" is invalid: `;

describe('the options of a request', () => {
	it('begin a watch without a version with the existing objects', () => {
		const { sendInitialEvents, resourceVersionMatch } = readListOptions(query('watch=1'), 'watch', ignore);
		assert.deepEqual([sendInitialEvents, resourceVersionMatch], [true, 'NotOlderThan']);
		assert.equal(readListOptions(query('resourceVersion=7'), 'watch', ignore).sendInitialEvents, undefined);
		const asked = 'sendInitialEvents=false&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=1&timeoutSeconds=5';
		const options = readListOptions(query(asked), 'watch', ignore);
		assert.deepEqual(
			[options.sendInitialEvents, options.allowWatchBookmarks, options.timeoutSeconds],
			[false, true, 5],
		);
	});

	it("are refused with upstream's text", () => {
		const forbidden = `${invalidOptions('ListOptions')}resourceVersionMatch: Forbidden: `;
		const rows: [() => unknown, string][] = [
			[
				() => readListOptions(query('sendInitialEvents=true'), 'watch', ignore),
				`${forbidden}sendInitialEvents requires setting resourceVersionMatch to NotOlderThan`,
			],
			[
				() => readListOptions(query('resourceVersionMatch=NotOlderThan'), 'watch', ignore),
				`${forbidden}resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided`,
			],
			[
				() => readListOptions(query('continue=x&resourceVersion=5'), 'list', ignore),
				'400 invalid continue token: continue key is not valid: illegal base64 data at input byte 0',
			],
			[
				() => readListOptions(query('timeoutSeconds=x'), 'watch', ignore),
				'400 strconv.ParseInt: parsing "x": invalid syntax',
			],
			[
				() => readWriteOptions(query('dryRun=All&dryRun=x'), 'CreateOptions'),
				`${invalidOptions('CreateOptions')}dryRun: Unsupported value: ["All","x"]: supported values: "All"`,
			],
			[
				() => readWriteOptions(query('fieldValidation=x'), 'UpdateOptions'),
				`${invalidOptions('UpdateOptions')}fieldValidation: Unsupported value: "x": supported values: "", "Ignore", ` +
					'"Strict", "Warn"',
			],
			[
				() => readWriteOptions(query(`fieldManager=${'x'.repeat(129)}`), 'CreateOptions'),
				`${invalidOptions('CreateOptions')}fieldManager: Too long: may not be more than 128 bytes`,
			],
			[
				() => readWriteOptions(query('fieldManager=a%07'), 'CreateOptions'),
				`${invalidOptions('CreateOptions')}fieldManager: Invalid value: "a\\a": invalid character U+0007 (at position 1)`,
			],
			[
				() => readPatchOptions(query(''), 'apply'),
				`${invalidOptions('PatchOptions')}fieldManager: Required value: is required for apply patch`,
			],
			[
				() => readPatchOptions(query('force=true'), 'merge'),
				`${invalidOptions('PatchOptions')}force: Forbidden: may not be specified for non-apply patch`,
			],
			[
				() => readDeleteOptions({ propagationPolicy: 'x' }),
				`${invalidOptions('DeleteOptions')}propagationPolicy: Unsupported value: "x": supported values: "Foreground", ` +
					'"Background", "Orphan", "nil"',
			],
		];
		for (const [read, wanted] of rows) assert.equal(refusal(read), wanted);
	});

	it('of the deletion of an unreadable object exclude others, and a collection', () => {
		const field = 'ignoreStoreReadErrorWithClusterBreakingPotential';
		const others = { propagationPolicy: 'Orphan', gracePeriodSeconds: 0, preconditions: {} };
		const withOthers = () => readDeleteOptions({ [field]: true, ...others });
		assert.equal(readDeleteOptions({ [field]: true }).ignoreStoreReadError, true);
		for (const name of Object.keys(others))
			assert.ok(refusal(withOthers).includes(`${field}: Invalid value: true: cannot be set together with .${name}`));
		assert.match(
			refusal(() => readCollectionDeleteOptions({ [field]: true })),
			/is not allowed with DELETECOLLECTION/,
		);
		assert.equal(readDeleteOptions({ [field]: false, ...others }).ignoreStoreReadError, false);
	});

	it('of a deletion come from the query where there is no body', () => {
		const sent = query('gracePeriodSeconds=0&propagationPolicy=Orphan&dryRun=All');
		const { gracePeriodSeconds, propagationPolicy, dryRun } = readDeleteOptions(deleteOptionsOfQuery(sent));
		assert.deepEqual([gracePeriodSeconds, propagationPolicy, dryRun], [0, 'Orphan', true]);
		assert.equal(readDeleteOptions({ orphanDependents: true }).propagationPolicy, 'Orphan');
		assert.equal(readDeleteOptions({}).propagationPolicy, undefined);
	});
});
