"""Given names, surnames and places from which the sample farm's invented people are made."""

GIVEN_NAMES = (
    "María", "Luz Marina", "Ana Lucía", "Paola", "Diana", "Claudia", "Sandra", "Yolanda",
    "Adriana", "Carolina", "Natalia", "Valentina", "Daniela", "Laura", "Camila", "Gloria",
    "Marcela", "Liliana", "Yesenia", "Angélica", "Sofía", "Martha", "Rocío", "Leidy",
    "José", "Juan Carlos", "Luis", "Carlos", "Jorge", "Andrés", "Fabián", "Hernán", "Wilson",
    "Óscar", "Diego", "Sebastián", "Santiago", "Mateo", "Julián", "Édgar", "Hugo", "Nelson",
    "Jairo", "Álvaro", "Camilo", "Felipe", "Ricardo", "Iván", "Alberto", "Germán",
)  # fmt: skip

SURNAMES = (
    "Rodríguez", "Gómez", "González", "Martínez", "García", "López", "Hernández", "Sánchez",
    "Ramírez", "Pérez", "Díaz", "Muñoz", "Rojas", "Moreno", "Jiménez", "Vargas", "Torres",
    "Gutiérrez", "Ruiz", "Castro", "Ortiz", "Álvarez", "Suárez", "Valencia", "Cárdenas",
    "Castillo", "Ramos", "Quintero", "Romero", "Herrera", "Medina", "Cortés", "Guerrero",
    "Mosquera", "Parra", "Ospina", "Restrepo", "Giraldo", "Salazar", "Trujillo", "Perdomo",
    "Polanía", "Cuéllar", "Losada", "Bermúdez", "Murcia", "Peña", "Ávila", "Acosta", "Molina",
)  # fmt: skip

TOWNS = (
    "Neiva, Huila", "Garzón, Huila", "Pitalito, Huila", "La Plata, Huila", "Campoalegre, Huila",
    "Gigante, Huila", "Rivera, Huila", "Florencia, Caquetá", "Espinal, Tolima",
    "Ibagué, Tolima", "Villavicencio, Meta", "Yopal, Casanare", "Montería, Córdoba",
    "Popayán, Cauca", "Tunja, Boyacá", "San Gil, Santander",
)  # fmt: skip

VEREDAS = (
    "El Carmen", "La Esperanza", "San Isidro", "El Triunfo", "La Unión", "Buenavista",
    "Las Delicias", "El Progreso", "La Palma", "Alto Grande", "Bajo Hondo", "Santa Rosa",
)  # fmt: skip
