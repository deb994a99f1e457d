// Detect objects in pictures from Node: npm install, then
// node detect.js PICTURE... [--address 127.0.0.1:8001]
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import grpc from "@grpc/grpc-js";
import protoLoader from "@grpc/proto-loader";

const { values, positionals: pictures } = parseArgs({
  allowPositionals: true,
  options: { address: { type: "string", default: "127.0.0.1:8001" } },
});
const proto = new URL("../../../protos/edgeserve/v1/detection.proto", import.meta.url);
const loaded = protoLoader.loadSync(fileURLToPath(proto), {
  keepCase: true,
  defaults: true,
  enums: String,
  longs: Number,
});
const { DetectionService } = grpc.loadPackageDefinition(loaded).edgeserve.v1;
const client = new DetectionService(values.address, grpc.credentials.createInsecure());

const stream = client.StreamDetect();
stream.on("data", ({ result }) => {
  const path = pictures[result.frame_id];
  if (result.status !== "RESULT_STATUS_OK") {
    console.log(`${path}: ${result.error?.message ?? result.drop_reason}`);
  }
  for (const { label, score, box } of result.detections) {
    const corners = [box.x_min, box.y_min, box.x_max, box.y_max].map(Math.round);
    console.log(`${path}: ${label} ${score.toFixed(2)} at ${corners.join(" ")}`);
  }
});
stream.on("error", (error) => {
  console.error(error.message);
  process.exitCode = 1;
});
stream.on("end", () => client.close());

// BLOCK drops nothing: the server reads on when it has room, and `write` says when to wait for it.
stream.write({ config: { policy: "POLICY_BLOCK" } });
for (const [frame_id, path] of pictures.entries()) {
  const frame = { frame_id, image: { data: await readFile(path) } };
  if (!stream.write({ frame })) await once(stream, "drain");
}
stream.end();
