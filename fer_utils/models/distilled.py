"""Distillation: a small network learns from the labels and from what larger ones say.

Hinton et al. 2015, arXiv 1503.02531.
"""

from __future__ import annotations

import keras

from fer_utils.core.errors import invalid
from fer_utils.models._parts import positive, real

#: The name of the student within the network that is trained.
STUDENT = "student"


@keras.saving.register_keras_serializable(package="fer_utils")
class Taught(keras.layers.Layer):
    """Pass on the student's probabilities, and in training add how far they are from the teachers' to the loss.

    ``weight`` T^2 KL(teacher || student), the mean over the batch, of probabilities softened by the temperature T:
    p^(1/T), scaled to add up to 1.  The T^2 keeps the gradient's size as T changes (Hinton et al. 2015, section 2).
    """

    def __init__(self, *, weight: float, temperature: float, **kwargs):
        super().__init__(**kwargs)
        self.weight, self.temperature = weight, temperature

    def call(self, inputs, training=False):
        student, teacher = inputs
        if training:
            soft = [
                keras.ops.log_softmax(keras.ops.log(keras.ops.clip(one, 1e-7, 1.0)) / self.temperature)
                for one in (student, teacher)
            ]
            said = keras.ops.stop_gradient(soft[1])
            apart = keras.ops.sum(keras.ops.exp(said) * (said - soft[0]), axis=-1)
            self.add_loss(self.weight * self.temperature**2 * keras.ops.mean(apart))
        return student

    def compute_output_shape(self, shapes):
        return shapes[0]

    def get_config(self):
        return super().get_config() | {"weight": self.weight, "temperature": self.temperature}


def taught(
    student: keras.Model, teachers: list[keras.Model], *, weight: float = 1.0, temperature: float = 3.0
) -> keras.Model:
    """A network that computes what ``student`` does, and learns from ``teachers`` besides the labels.

    Several teachers' probabilities are averaged.  Teachers are asked about each batch as the student sees it, changed
    pictures included (as Beyer et al. 2022, arXiv 2106.05237, advise), and learn nothing themselves.

    Parameters
    ----------
    student : pixels to probabilities, not compiled.
    teachers : one or more trained networks of the same input and labels.
    weight : of the teachers' part of the loss, above 0; the labels' part has 1.
    temperature : T, 1 or more.

    Returns
    -------
    keras.Model, not compiled; `student_of` takes the student out again.

    Raises
    ------
    FerError : no teacher, one of other input or labels, numbers out of range.
    """
    if not teachers:
        raise invalid("teachers", expected="at least one trained network", received=teachers)
    for teacher in teachers:
        if teacher.input_shape != student.input_shape or teacher.output_shape != student.output_shape:
            raise invalid(
                "teachers",
                expected=f"networks from {student.input_shape} to {student.output_shape}, as the student",
                received=f"{teacher.name} from {teacher.input_shape} to {teacher.output_shape}",
            )
    weight, temperature = positive("weight", weight), real("temperature", temperature, least=1.0)
    pixels = keras.Input(student.input_shape[1:], name="pixels")
    student.name = STUDENT
    said = []
    for number, teacher in enumerate(teachers):
        teacher.trainable, teacher.name = False, f"teacher_{number}"
        said.append(teacher(pixels, training=False))
    mean = said[0] if len(said) == 1 else keras.layers.Average(name="teachers")(said)
    answer = Taught(weight=weight, temperature=temperature, dtype="float32", name="probabilities")(
        [student(pixels), mean]
    )
    return keras.Model(pixels, answer, name="distilled")


def student_of(model: keras.Model, name: str) -> keras.Model:
    """The student of a network made by `taught`, alone and under ``name``."""
    student = model.get_layer(STUDENT)
    student.name = name
    return student
