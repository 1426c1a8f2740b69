// The verifier for programs: `judge` one bundle, or the receipts `attached` to a certificate, by a trust that was loaded.
import { judge } from "./verify.js";
import { loadTrust } from "./trust.js";
import { attached, isPdf } from "./attachment.js";
import { Malformed } from "./strict.js";

/** The reports on a file, one for each receipt in it, as `kilnwood verify --json` prints them. */
async function judgeAll(bytes, trust, file = "") {
  if (!isPdf(bytes)) return [judge(bytes, trust, file)];
  try {
    return (await attached(bytes)).map(({ name, content }) => {
      const report = judge(content, trust, `${file}: ${name}`);
      const note = { outcome: "note", name: "attachment", detail: `${name} in the PDF; compare what is printed with what stands here` };
      return { ...report, checks: [note, ...report.checks] };
    });
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    const simulated = `${trust.origin}/`.includes("/sim/");
    return [{ file, verdict: "invalid", exit_code: 1, summary: `file: ${error.message}`, simulated, checks: [{ outcome: "failed", name: "file", detail: error.message }] }];
  }
}

export { judge, judgeAll, loadTrust };
