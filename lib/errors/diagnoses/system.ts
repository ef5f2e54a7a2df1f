/** Causes of failures of stores, state directories and the observer. */
import { type DiagnosisTable, or } from './diagnosis.ts';

function explainDamage(problem: string): string {
	if (/version/.test(problem)) return 'another version of LMDB wrote the file';
	return /meta page of LMDB|begin with/.test(problem)
		? 'another program wrote the file, or it is an incomplete backup'
		: 'the disk was full, or the machine lost power, while the file was copied or written';
}

export const systemDiagnoses = {
	STORE_DAMAGED: { mostLikely: ({ problem }) => explainDamage(problem) },
	STORE_UNAVAILABLE: {
		mostLikely: ({ problem }) =>
			/ENOSPC|MDB_MAP_FULL|no space/i.test(problem)
				? 'the disk is full'
				: 'the store is not running, or the service cannot reach it',
		...or('the service has another password or other certificates than the store'),
	},
	OBSERVER_UNREACHABLE: {
		mostLikely: () => 'no mesh runs on this machine',
		...or('its page uses another port'),
	},
	STATE_IN_USE: { mostLikely: ({ pid }) => `a mesh that was started earlier is still running as process ${pid}` },
} satisfies DiagnosisTable;
