/** Labels as games have them: items, bosses, causes of death, rooms, scenes, versions, dates, modes and shaders. */
export const GAME_LABELS: readonly string[] = `spikes
lava
fall damage
drowning
starvation
poison-dart trap
friendly_fire
kill/command
out_of_bounds
Boss: Flame Warden 3
Boss: The Nameless King
boss::phase_2
boss::phase::3
Malenia - Blade of Miquella
Great Wyrm of the Seventh Gate
Vel'koth`.split("\n").filter((label) => !label.includes("'")).concat(
  `sword_of_dawn
legendary_sword_of_dawn_and_dusk
sword_of_dawn+10
potion
Potion of Greater Healing
potion_small_x3
healing_potion_20_percent
ak-47
AK47_gold_skin
M4A1-S
P90
mp5k_suppressed
USP.45
9mm_ammo_x30
7.62x39 ammo
5.56_NATO_30rd
.357 Magnum
RPG-7
T-34/85
Panzer IV Ausf. H
F-16C Block 50
Su-27SK
level_01
level-1-3
level 12
Level12Boss3Room4Arena
World 1-1
World 8-4
floor-12
floor_0012
floor-1-2-3-4
depth 3.5
depth:12
zone/dungeon/room_12
zone:forest/subzone:glade
chapter 3/part 2
act_2/scene_3
scenes/home/kitchen
home
home_base
homeworld
users_guide_book
maps/de_dust2
de_dust2
cs_office
ctf_2fort
koth_viaduct_pro7
pl_badwater
cp_process_final
q3dm17
e1m1
E4M9
MAP01
1.20.3
1.20.3-pre2
1.2.0
v1.2.0
v1.2.0-beta.1
1.2.0+a1b2c3d
0.9.12-rc.3+build.77
2024.1.5f1
2022.3.10f1
5.4.2
4.2.1-stable
build 1234
build-20240131
build 20240131.1
build_20240131-123456
r12345
rev 98765
2024-01-31
2024-01-31 12:30
31.01.2024
01/31/2024
12:30:05
00:01:30.500
season 4
season-2024-winter
S04E12
week 52
halloween_2024
Summer Games 2016
linux
windows-11
macOS 14.2.1
Windows 10.0.19045
iOS 17.2
Android 14
Steam Deck
steam_deck_oled
nintendo_switch
ps5-pro
xbox_series_x
RTX 4090
GeForce RTX 3080 Ti
Radeon RX 7900 XTX
Intel UHD 630
Apple M2 Max
Core i7-12700K
Ryzen 9 7950X3D
Adreno 740
Mali-G78 MP14
1920x1080
2560x1440 144 Hz
1280 x 800
3840x2160
16:9
21:9
60 fps
144Hz
d3d12
Vulkan 1.3.275
OpenGL 4.6
GLSL ES 3.00
GL_EXT_texture_compression_s3tc
EXT_color_buffer_float
easy
hard
NIGHTMARE
New Game+
New Game+7
NG+3
hardcore_ironman
co-op
co-op 4p
2v2v2v2
5v5_ranked
1v1
deathmatch
free-for-all
capture_the_flag
battle_royale_solo
arena_3v3
en-US
de-DE
zh-Hant-TW
pt_BR
en_GB.UTF-8
us-east-1
eu-west-2b
ap-southeast-1
region:eu
shard-07
server_eu_12
common
rare
Legendary+
epic 2
tier-4
T4.2
rank SS+
rank: Gold III
Diamond 2
first_blood
Achievement: First Steps
ACH_WIN_100_GAMES
ACH_KILL_1000_ENEMIES
trophy.platinum
kills_1000000
1000000 points club
100 percent
10k-gold
gold x 5000
10 20 30
10 20 30 40 50
combo 12-34-56
code 4 8 15 16 23 42
x:120 y:340
12/34
-12
+5
+5 strength
+100 armor
-3.5
0
42
7
0.25
1e6
3.14159
0.333333
50/50
3:2
1-0
10:1
seed 12345
seed 12345678
seed:1234567
Run 42
attempt 1000
wave 100
wave_10_of_20
tutorial.step_3
tutorial/step-3/jump
menu.main.settings.audio
ui:shop/open
ui.button.start.pressed
quest:main/act1/find_the_amulet
quest_0042_the_lost_son
npc.blacksmith.greeting
npc_bob_the_builder
dialog.option.2
res://scenes/floor_1.tscn
res://icon.svg
asset://textures/sword.png
Assets/Scenes/Level1.unity
levels/world1/level3.json
Content/Maps/Arena.umap
textures/env/wall_brick_02.ktx2
sfx/hit/hit_03.ogg
ItemDatabase.Weapons.Sword
PlayerController.OnJump
TheLegendarySwordOfDawnOfTheAncients
HTTPServerError
XMLHttpRequest
UnhandledPromiseRejection
ERR_CONNECTION_RESET
ECONNREFUSED
E_OUTOFMEMORY
WebGL2RenderingContext
OES_texture_float_linear
SIGSEGV
0x0
0xdeadbeef
#`.split("\n").filter((label) => label !== "#"),
  `deadbeef
facade
face2face
bad cafe
dead::lock
Boss::Fire
at the gates
died at gate 3
attack at dawn
look at the dot product
polka dot dress
dot
damage over time (dot)
DoT tick
cat at the moat
Death at Sea
meet at the dot
sword at floor.boss
Blackrock Spire
Icecrown Citadel
Molten Core 40
Naxxramas 25
Karazhan
Ulduar: Yogg-Saron 0 lights
Onyxia
King Slime
Eye of Cthulhu
Wall of Flesh
Moon Lord
skeletron_prime
Mecha-Bird 3000
GLaDOS
Mr. X
Dr. Neo Cortex
Baba Yaga
Mother Brain
Ridley
Metroid: SA-X
Red Arremer
Zeromus EG
Sephiroth - Safer
Ultima Weapon
Omega Mk. XII
Emerald WEAPON
Ruby WEAPON
Jecht Shot Mk. 3
Sin: Left Fin
Psycho Mantis
The End
Shagohod
Metal Gear REX
Rathalos
Azure Rathalos
Fatalis
Alatreon
Nergigante
Vaal Hazak
Xeno jiiva
Slay the Spire: Act 4
Hades: Elysium 3/4
Spelunky 2: Cosmic Ocean 7-99
The Binding of Isaac: Sheol
Ascension 20
Heat 32
Torment XVI
Greater Rift 150
Mythic+ 25
Delve 11
Abyss 12-3
Spiral Abyss 12
Simulated Universe 9
strength
Lightning Strikes Twice
knightschlag
Rhythms of Night
Schwarzschild
STR+5 DEX+3
HP/MP
n/a
unknown
other
none
true
null
A
z
a-b
a_b
A.B
Z:9
room 101
Room 237
Area 51
Sector 7G
Fort 1812
1984
2077
Cyberware 2.0
Halo 3: ODST
Portal 2
Half-Life 2: Episode 1
Left 4 Dead 2
Team Fortress 2
level_2024_01_31
daily-2024-01-31
daily_challenge_20240131
speedrun any percent
glitchless 100 percent
key_item_03
chest_12_34
chunk 12 34
chunk_-12_34
tile:12:34
hex A3
rgb 255-128-64
255.128.64
255/128/64
port 8080
input:gamepad_a
KeyW
ArrowUp
Mouse4
Ctrl+Shift+S
F12`.split("\n"),
).filter((label) => /^[A-Za-z0-9 _.:\/+-]{1,64}$/.test(label));
