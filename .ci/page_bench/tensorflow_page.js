// The network of Train it here in TensorFlow.js, the global `tf`; promises a function that trains one pass, in seconds.
export async function tensorflowTrainer({ faces, labels, side, units, classes, rate, batch }) {
  await tf.setBackend("cpu");
  await tf.ready();
  const convolution = (filters) => tf.layers.conv2d({
    filters, kernelSize: 3, strides: 2, padding: "same", activation: "relu", inputShape: [side, side, 1],
  });
  const network = tf.sequential({
    layers: [
      ...[8, 16, 32].map(convolution), tf.layers.flatten(),
      tf.layers.dense({ units, activation: "relu" }), tf.layers.dense({ units: classes, activation: "softmax" }),
    ],
  });
  network.compile({ optimizer: tf.train.adam(rate), loss: "sparseCategoricalCrossentropy" });
  const values = new Float32Array(Uint8Array.from(atob(faces), (letter) => letter.charCodeAt(0)).buffer);
  const [x, y] = [tf.tensor4d(values, [labels.length, side, side, 1]), tf.tensor1d(labels, "float32")];
  return async () => {
    const begun = performance.now();
    const { history } = await network.fit(x, y, {
      batchSize: batch, epochs: 1, shuffle: false, verbose: 0, yieldEvery: "never",
    });
    if (tf.getBackend() !== "cpu" || !Number.isFinite(history.loss[0])) throw new Error("TensorFlow.js did not train");
    return (performance.now() - begun) / 1000;
  };
}
