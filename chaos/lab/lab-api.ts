/** The operations of the control API, on the nodes and files of one lab directory. */
import { type LabContext, STARTED_AT } from './context.ts';
import type { LabApi } from './control/api.ts';
import { recordHalfJoined, recordSkew } from './faults/clock-skew.ts';
import { resetNodes } from './reset.ts';
import type { Result } from './result.ts';
import { judgeExpectations, recordMissed, recordVerdict } from './verdicts/expectations.ts';
import { checkNodeFiles, processTexts, tokenSecrets } from './verdicts/secret-scan.ts';

/** @param runCommand  runs a command of the lab with the same context */
export const createLabApi = (
	context: LabContext,
	runCommand: (args: readonly string[], context: LabContext) => Promise<Result>,
): LabApi => ({
	runCommand: (args) => runCommand(args, context),
	startedAtMs: async () => (await context.read<number>(STARTED_AT)) ?? 0,
	judgeExpectations: (withinSeconds) => judgeExpectations(context, withinSeconds),
	recordVerdict: (line) => recordVerdict(context, line),
	recordMissed: (probe) => recordMissed(context, probe),
	recordSkew: (result) => recordSkew(context, result),
	recordHalfJoined: (description) => recordHalfJoined(context, description),
	tokenSecrets: () => tokenSecrets(context),
	processTexts: () => processTexts(context),
	nodeFiles: async () => checkNodeFiles(context, await tokenSecrets(context)),
	resetNodes: () => resetNodes(context),
});
