# %% [markdown]
# # Max Optimizer in a notebook
# A key: `maxopt keys add --user anna --for notebook --role viewer`. Run this file cell by cell, or
# whole: `MAXOPT_KEY=mk_... python3 example.py`.

# %%
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from maxopt import Client

max = Client(os.environ.get("MAXOPT_URL", "http://127.0.0.1:8787"), os.environ["MAXOPT_KEY"])
me = max.session()
print(f"{me['user']} is {me['role']}; clients: {', '.join(me['clients'])}")

# %%
# Campaigns of the last four weeks beside the four before, most spend first. What a platform claims
# and what an experiment found are different columns: a column says whose truth it tells.
client = me["clients"][0]
campaigns = max.view("campaigns", client, compare="previous", sort="-spend", limit=10)
print(campaigns.title, campaigns.first, "to", campaigns.last)
for row in campaigns.rows:
    print(row.key, {name: str(value) for name, value in row.items() if value is not None})
for note in campaigns.notes:
    print("note:", note)

# %%
# As a table, where pandas is installed.
try:
    print(campaigns.to_pandas().head())
except ImportError:
    print("pandas is not installed; the rows above are all there is")

# %%
# Plans that wait, and what each is to bring. Approving needs the hash of what was looked at:
#   plan = max.plan(client, "p-..."); max.approve(client, plan["id"], plan["content_hash"])
for row in max.view("plans", client, limit=5).rows:
    print(row.key, {name: str(value) for name, value in row.items() if value is not None})
