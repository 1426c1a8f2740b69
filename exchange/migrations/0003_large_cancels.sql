-- A cancel of everything that goes on in steps is counted again when its last one is done.

grant update (wanted) on exchange.request to kilnwood_api;
