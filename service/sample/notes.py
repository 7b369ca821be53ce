"""What an instructor notes about a diagnosis in Spanish, by its status."""

NOTES: dict[str, tuple[str, ...]] = {
    "En tratamiento": (
        "Se inicia tratamiento; próxima revisión en tres días.",
        "Come poco. Se separa del lote y se registra la temperatura mañana y tarde.",
        "Segunda dosis aplicada sin novedad.",
        "Se respeta el tiempo de retiro antes de consumo o venta.",
        "Se toma muestra para el laboratorio.",
    ),
    "En observación": (
        "Signos leves; se vigila sin medicar.",
        "A la espera del resultado del laboratorio.",
        "En corral de cuarentena.",
    ),
    "Recuperado": (
        "Alta después de dos revisiones sin signos.",
        "Recuperó el apetito y volvió al lote.",
        "Buena respuesta al tratamiento.",
        "Tratamiento completo, sin recaída.",
    ),
    "Crónico": (
        "Recae por temporadas; control mensual.",
        "Se recomienda descarte si baja la condición corporal.",
        "Estable, con seguimiento permanente.",
    ),
    "Fallecido": (
        "No respondió al tratamiento.",
        "Curso muy rápido; se dispone del cadáver según protocolo.",
    ),
}
