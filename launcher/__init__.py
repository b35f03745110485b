"""The launcher behind `./portal`: installs, runs the servers, supervises, tests.

Standard library only (`prepare` alone runs inside the virtual environment and uses Django). Layers, top to
bottom: `cli` → `verbs`, `checks`, `relock` → `filling` → `stack` → `servers`, `programs` → `supervisor` →
`install` → `lock`, `children` → `place` → `report`, `ending`, `layout`.
"""
