"""Livestock diseases in Spanish, and whom each befalls.

Longer than other modules because it is a table: one disease after the other.
"""

from typing import NamedTuple

RUMINANTS = ("BOV", "BUF", "OVI", "CAP")
CATTLE = ("BOV", "BUF")
SMALL_RUMINANTS = ("OVI", "CAP")
MAMMALS = (*RUMINANTS, "POR", "EQU")


class Disease(NamedTuple):
    """A disease; `species` are record prefixes, `until_age` is the last age at risk in days.

    `of_mothers` is true of what only befalls females of breeding age; `chronic` is how likely
    the animal is to keep it for good, 1 where there is no cure.
    """

    name: str
    symptoms: str
    details: str
    species: tuple[str, ...]
    until_age: int = 10_000
    of_mothers: bool = False
    chronic: float = 0.0


DISEASES = (
    Disease(
        "Fiebre aftosa",
        "Fiebre, salivación abundante, vesículas en boca, pezuñas y pezones, cojera.",
        "Virus muy contagioso de los animales de pezuña hendida. De notificación obligatoria; "
        "se previene con los ciclos oficiales de vacunación.",
        (*RUMINANTS, "POR"),
    ),
    Disease(
        "Brucelosis",
        "Abortos en el último tercio, retención de placenta, infertilidad, orquitis.",
        "Bacteria del género Brucella; zoonosis de notificación obligatoria. Se diagnostica por "
        "serología y se vacunan las terneras.",
        (*RUMINANTS, "POR"),
        chronic=1.0,
    ),
    Disease(
        "Mastitis",
        "Ubre inflamada, caliente y dolorosa, leche con grumos o sangre, baja producción.",
        "Infección de la glándula mamaria. Se detecta con la prueba de California; requiere "
        "higiene del ordeño y antibiótico según antibiograma.",
        RUMINANTS,
        of_mothers=True,
        chronic=0.5,
    ),
    Disease(
        "Carbunco sintomático",
        "Cojera súbita, hinchazón crepitante en masas musculares, fiebre alta, muerte rápida.",
        "Causado por Clostridium chauvoei, cuyas esporas persisten en el suelo. Afecta sobre "
        "todo animales jóvenes; se previene con vacuna.",
        RUMINANTS,
        until_age=1100,
    ),
    Disease(
        "Carbunco bacteridiano",
        "Fiebre alta, temblores, dificultad para respirar, sangre oscura por orificios naturales.",
        "Bacillus anthracis; zoonosis grave de notificación obligatoria. No se debe abrir el "
        "cadáver; se vacuna en zonas de riesgo.",
        (*RUMINANTS, "EQU"),
    ),
    Disease(
        "Anaplasmosis",
        "Fiebre, anemia, ictericia, debilidad, pérdida de peso, estreñimiento.",
        "Anaplasma marginale, transmitido por garrapatas, moscas y agujas. Se trata con "
        "oxitetraciclina y control de vectores.",
        CATTLE,
        chronic=0.5,
    ),
    Disease(
        "Babesiosis",
        "Fiebre, orina rojiza, anemia, mucosas pálidas, decaimiento.",
        "Protozoo de la sangre transmitido por la garrapata Rhipicephalus microplus. Se trata "
        "con diminazeno o imidocarb.",
        CATTLE,
    ),
    Disease(
        "Tripanosomiasis",
        "Fiebre intermitente, anemia, pérdida de peso, abortos, caída de la producción.",
        "Trypanosoma vivax, transmitido por tábanos y moscas picadoras. Control de moscas y "
        "tratamiento con isometamidio.",
        RUMINANTS,
        chronic=0.5,
    ),
    Disease(
        "Tuberculosis",
        "Tos crónica, adelgazamiento progresivo, ganglios aumentados de tamaño.",
        "Mycobacterium bovis; zoonosis. Se diagnostica con la prueba de tuberculina y se descartan los reactores.",
        CATTLE,
        chronic=1.0,
    ),
    Disease(
        "Leptospirosis",
        "Fiebre, abortos, orina oscura, ictericia, leche con aspecto de calostro.",
        "Bacterias del género Leptospira que se eliminan por la orina de roedores y ganado. "
        "Zoonosis; vacuna y control de roedores.",
        MAMMALS,
    ),
    Disease(
        "Diarrea viral bovina",
        "Diarrea, fiebre, úlceras en la boca, abortos, terneros débiles.",
        "Pestivirus que produce animales persistentemente infectados, fuente principal del "
        "contagio. Se identifican, se descartan y se vacuna.",
        CATTLE,
    ),
    Disease(
        "Rinotraqueítis infecciosa bovina",
        "Secreción nasal, tos, fiebre, conjuntivitis, abortos, vulvovaginitis.",
        "Herpesvirus bovino tipo 1, que permanece latente y reaparece con el estrés. Se previene con vacuna.",
        CATTLE,
    ),
    Disease(
        "Leucosis bovina",
        "Ganglios aumentados, pérdida de peso, baja producción; muchas veces sin síntomas.",
        "Retrovirus que se transmite por sangre. No tiene tratamiento; se evita compartir "
        "agujas y guantes de palpación.",
        ("BOV",),
        chronic=1.0,
    ),
    Disease(
        "Hipocalcemia",
        "Debilidad tras el parto, temblores, orejas frías, animal echado con el cuello torcido.",
        "Caída del calcio en sangre alrededor del parto, llamada fiebre de leche. Se aplica calcio intravenoso lento.",
        RUMINANTS,
        of_mothers=True,
    ),
    Disease(
        "Cetosis",
        "Inapetencia, pérdida de peso, olor a acetona en el aliento, caída de la leche.",
        "Falta de energía al inicio de la lactancia. Se trata con propilenglicol o glucosa y se corrige la ración.",
        RUMINANTS,
        of_mothers=True,
    ),
    Disease(
        "Metritis",
        "Secreción uterina fétida, fiebre, inapetencia en los días después del parto.",
        "Infección del útero tras partos difíciles o retención de placenta. Antibiótico y "
        "revisión antes de volver a servir.",
        MAMMALS,
        of_mothers=True,
    ),
    Disease(
        "Timpanismo",
        "Abdomen distendido del lado izquierdo, dificultad para respirar, inquietud.",
        "Acumulación de gas en el rumen por leguminosas tiernas o exceso de grano. Sonda y antiespumante con urgencia.",
        RUMINANTS,
    ),
    Disease(
        "Diarrea neonatal",
        "Heces líquidas amarillentas, deshidratación, ojos hundidos, decaimiento.",
        "Causada por E. coli, rotavirus o criptosporidios. Se previene con calostro a tiempo "
        "y se trata con rehidratación.",
        MAMMALS,
        until_age=30,
    ),
    Disease(
        "Onfalitis",
        "Ombligo engrosado, caliente y doloroso, con pus; fiebre y articulaciones inflamadas.",
        "Infección del ombligo del recién nacido. Se previene desinfectándolo con yodo al nacer.",
        MAMMALS,
        until_age=30,
    ),
    Disease(
        "Neumonía",
        "Tos, secreción nasal, respiración agitada, fiebre, poco apetito.",
        "Infección respiratoria favorecida por corrientes de aire, humedad y hacinamiento. "
        "Antibiótico y mejora del alojamiento.",
        (*MAMMALS, "CUN"),
    ),
    Disease(
        "Parasitosis gastrointestinal",
        "Pelo hirsuto, diarrea, adelgazamiento, anemia, crecimiento lento.",
        "Nematodos del aparato digestivo. Se desparasita según coprológico y se rotan las praderas.",
        (*MAMMALS, "CUN"),
    ),
    Disease(
        "Fasciolosis",
        "Anemia, edema bajo la mandíbula, adelgazamiento, diarrea crónica.",
        "Fasciola hepatica, parásito del hígado propio de potreros húmedos con caracoles. Triclabendazol y drenaje.",
        RUMINANTS,
        chronic=0.5,
    ),
    Disease(
        "Miasis",
        "Herida con larvas, mal olor, secreción, inquietud.",
        "Larvas de Cochliomyia hominivorax en heridas y ombligos. Se retiran, se limpia la "
        "herida y se aplica larvicida.",
        MAMMALS,
    ),
    Disease(
        "Podredumbre de la pezuña",
        "Cojera, espacio interdigital inflamado, mal olor, casco desprendido.",
        "Bacterias favorecidas por pisos húmedos. Recorte de pezuñas, baños de sulfato de zinc y corral seco.",
        RUMINANTS,
        chronic=0.5,
    ),
    Disease(
        "Ectima contagioso",
        "Costras y pústulas en labios, hocico y ubre; corderos que dejan de mamar.",
        "Parapoxvirus de ovinos y caprinos, transmisible al hombre. Se aíslan los enfermos y se curan las lesiones.",
        SMALL_RUMINANTS,
    ),
    Disease(
        "Linfadenitis caseosa",
        "Abscesos en los ganglios con pus espeso, adelgazamiento.",
        "Corynebacterium pseudotuberculosis. Se aíslan los animales y se drenan los abscesos fuera del corral.",
        SMALL_RUMINANTS,
        chronic=0.5,
    ),
    Disease(
        "Artritis encefalitis caprina",
        "Articulaciones inflamadas, cojera, ubre dura, pérdida de condición.",
        "Lentivirus que pasa por el calostro y la leche. No tiene cura; se separan las crías al nacer.",
        ("CAP",),
        chronic=1.0,
    ),
    Disease(
        "Peste porcina clásica",
        "Fiebre alta, manchas rojas en la piel, amontonamiento, tambaleo, diarrea.",
        "Pestivirus de los cerdos, de notificación obligatoria. No tiene tratamiento; se vacuna según la zona.",
        ("POR",),
    ),
    Disease(
        "Síndrome reproductivo y respiratorio porcino",
        "Abortos tardíos, lechones débiles, tos, orejas azuladas.",
        "Arterivirus conocido como PRRS. Bioseguridad, cuarentena de reemplazos y vacunación.",
        ("POR",),
        chronic=0.5,
    ),
    Disease(
        "Erisipela porcina",
        "Fiebre, manchas romboidales en la piel, articulaciones dolorosas.",
        "Erysipelothrix rhusiopathiae, llamada mal rojo. Responde a la penicilina; se previene con vacuna.",
        ("POR",),
    ),
    Disease(
        "Cólico equino",
        "Se mira el flanco, escarba, se revuelca, suda, no defeca.",
        "Dolor abdominal por gases, parásitos, arena o cambios de dieta. Es una urgencia; se llama al veterinario.",
        ("EQU",),
    ),
    Disease(
        "Anemia infecciosa equina",
        "Fiebre recurrente, anemia, debilidad, edema en el vientre.",
        "Lentivirus transmitido por tábanos y agujas; de notificación obligatoria. Se "
        "diagnostica con la prueba de Coggins.",
        ("EQU",),
        chronic=1.0,
    ),
    Disease(
        "Encefalitis equina venezolana",
        "Fiebre, depresión, marcha en círculos, incoordinación.",
        "Alfavirus transmitido por zancudos; zoonosis de notificación obligatoria. Se vacuna "
        "por debajo de los 1.200 metros.",
        ("EQU",),
    ),
    Disease(
        "Enfermedad de Newcastle",
        "Estornudos, jadeo, cuello torcido, diarrea verdosa, caída de la postura.",
        "Paramixovirus aviar de notificación obligatoria. Se previene con vacuna y bioseguridad.",
        ("AVI",),
    ),
    Disease(
        "Viruela aviar",
        "Costras en cresta, barbillas y párpados; placas en la boca.",
        "Poxvirus transmitido por zancudos. Vacuna en el pliegue del ala y control de insectos.",
        ("AVI",),
    ),
    Disease(
        "Bronquitis infecciosa aviar",
        "Estertores, estornudos, lagrimeo, huevos deformes de cáscara blanda.",
        "Coronavirus muy contagioso entre aves. Vacuna y buena ventilación del galpón.",
        ("AVI",),
    ),
    Disease(
        "Coccidiosis",
        "Diarrea a veces con sangre, plumas o pelo erizado, crecimiento lento.",
        "Protozoos del género Eimeria en camas húmedas. Anticoccidiales y cama seca.",
        ("AVI", "CUN", *SMALL_RUMINANTS),
        until_age=365,
    ),
    Disease(
        "Coriza infecciosa",
        "Cara hinchada, secreción nasal maloliente, ojos cerrados.",
        "Avibacterium paragallinarum. Antibiótico en el agua y separación por edades.",
        ("AVI",),
        chronic=0.5,
    ),
    Disease(
        "Sarna",
        "Picazón, caída del pelo, costras gruesas en orejas, cara y patas.",
        "Ácaros de la piel, muy contagiosos por contacto. Ivermectina y desinfección de jaulas y corrales.",
        (*MAMMALS, "CUN"),
    ),
    Disease(
        "Mixomatosis",
        "Párpados hinchados, nódulos en cabeza y genitales, secreción ocular.",
        "Poxvirus de los conejos transmitido por zancudos y pulgas. No tiene tratamiento; control de insectos.",
        ("CUN",),
    ),
    Disease(
        "Pasteurelosis del conejo",
        "Estornudos, moco en la nariz y las manos, cabeza torcida, abscesos.",
        "Pasteurella multocida; aparece con amoniaco y corrientes de aire. Antibiótico y ventilación.",
        ("CUN",),
        chronic=0.5,
    ),
)
