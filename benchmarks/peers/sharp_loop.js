// sharp on one picture after the other: a job per line comes in, an empty line goes out when it is done.
const readline = require("node:readline");
const sharp = require("sharp");

sharp.concurrency(1); // as many processes run as there are processors
sharp.cache(false);

async function work() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [source, target, width, height] = JSON.parse(line);
    await sharp(source)
      .resize({ width, height, fit: "inside", withoutEnlargement: true })
      .jpeg({ quality: 85, optimiseCoding: false })
      .toFile(target);
    process.stdout.write("\n");
  }
}

work();
