/// The page's look. The palette is that of Okabe and Ito (https://jfly.uni-koeln.de/color/), which people with any
/// colour blindness can tell apart, with lighter shades for dark pages.
enum StyleSheet {
    static let text = """
        :root{color-scheme:light dark;--page:#f6f6f4;--card:#fff;--ink:#1c1f24;--muted:#626973;--rule:#e2e3df;\
        --grid:#ecece9;--edge:#0003;--alarm:#b3261e;--alarm-card:#fdecea;--good:#1b7f5c;\
        --c0:#0072b2;--c1:#d55e00;--c2:#009e73;--c3:#cc79a7;--c4:#d99a00;--c5:#4aa8dc}
        @media (prefers-color-scheme:dark){:root{--page:#14161a;--card:#1c1f24;--ink:#e7e8ea;--muted:#9ba2ac;\
        --rule:#2f343b;--grid:#292d33;--edge:#fff3;--alarm:#ff8a80;--alarm-card:#3a1f1e;--good:#5fd0a5;\
        --c0:#58aef0;--c1:#f48b4a;--c2:#35c99d;--c3:#e8a5ca;--c4:#f2c14e;--c5:#9bd8ff}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",\
        Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums;-webkit-text-size-adjust:100%}
        main{max-width:1100px;margin:0 auto;padding:40px 24px 64px}
        header{margin-bottom:28px}
        .kind{margin:0;color:var(--muted);font-size:13px;letter-spacing:.06em;text-transform:uppercase}
        h1{margin:4px 0 10px;font-size:32px;line-height:1.2;letter-spacing:-.015em;overflow-wrap:anywhere}
        h2{margin:44px 0 12px;font-size:20px;line-height:1.3;letter-spacing:-.005em}
        h3{margin:24px 0 8px;font-size:16px}
        p{margin:8px 0}
        .finding{max-width:46em;margin:0;font-size:20px;line-height:1.45}
        .muted,small{color:var(--muted)}
        .muted{max-width:60em;font-size:14px}
        .notes ul{margin:4px 0;padding-left:20px}
        .notes li{overflow-wrap:anywhere}
        .card{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:16px 20px}
        .alarm-card{background:var(--alarm-card);border-color:transparent;margin:16px 0;font-size:15px}
        .alarm-card p{margin:2px 0}
        .scroll+.scroll{margin-top:20px}
        .scroll{overflow-x:auto;scrollbar-width:thin;background:\
        linear-gradient(to right,var(--card) 30%,transparent) 0 0/48px 100% no-repeat local,\
        linear-gradient(to left,var(--card) 30%,transparent) 100% 0/48px 100% no-repeat local,\
        linear-gradient(to right,var(--edge),transparent) 0 0/16px 100% no-repeat scroll,\
        linear-gradient(to left,var(--edge),transparent) 100% 0/16px 100% no-repeat scroll}
        table{border-collapse:collapse;width:100%;font-size:15px}
        th,td{padding:9px 12px;text-align:right;white-space:nowrap;border-bottom:1px solid var(--rule);\
        vertical-align:baseline}
        tbody tr:last-child>*{border-bottom:0}
        th:first-child,td:first-child{text-align:left;padding-left:0}
        th:last-child,td:last-child{padding-right:0}
        thead th{color:var(--muted);font-weight:500;font-size:14px;vertical-align:bottom}
        thead small{display:block;font-size:12px;font-weight:400}
        tbody th{font-weight:600}
        .results th:first-child,.compact th:first-child{position:sticky;left:0;background:var(--card)}
        .results td b{font-weight:700}
        .results td i{display:block;width:72px;height:4px;margin:4px 0 0 auto;border-radius:2px;\
        background:linear-gradient(to right,var(--c) var(--p),var(--grid) var(--p))}
        thead .swatch{vertical-align:2px}
        .compact th,.compact td{padding-top:6px;padding-bottom:6px}
        .compact tbody th{font-weight:500}
        .compact th:not(:first-child),.compact td{padding-left:8px}
        .compact th:not(:last-child),.compact td:not(:last-child){padding-right:8px}
        .compact tbody th{white-space:normal;overflow-wrap:anywhere;min-width:148px;max-width:240px}
        .compact thead th{white-space:normal;overflow-wrap:break-word;min-width:76px;font-size:13px}
        .numbers thead th{min-width:0}
        .numbers th:not(:first-child),.numbers td{padding-left:6px}
        .numbers th:not(:last-child),.numbers td:not(:last-child){padding-right:6px}
        .none{color:var(--muted)}
        .text td,.text th{text-align:left;white-space:normal;overflow-wrap:break-word;max-width:32em}
        .text tbody th{font-weight:500;font-size:14px}
        .text td{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:13px}
        .swatch{margin-right:8px;vertical-align:2px;overflow:visible}
        .grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:16px}
        figure{margin:0}
        .chart{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:14px 16px 12px;\
        min-width:0;max-width:760px}
        figcaption{font-weight:600;font-size:15px;margin-bottom:6px}
        .unit{margin-left:8px;font-weight:400;font-size:13px;color:var(--muted)}
        .plot{display:block;width:100%;height:auto;overflow:visible}
        .plot text{font-size:13px;fill:var(--muted)}
        .plot .note{font-size:12px}
        .plot .alarm{fill:var(--alarm)}
        .plot .grid{stroke:var(--grid);stroke-width:1;fill:none}
        .axis{stroke:var(--muted);stroke-width:1;fill:none;opacity:.6}
        .mark{stroke:var(--muted);stroke-width:1;stroke-dasharray:3 4;fill:none}
        path.mark.alarm{stroke:var(--alarm);fill:none}
        .line{stroke:var(--c);stroke-width:2;fill:none;stroke-linejoin:round;stroke-linecap:round}
        .dashed{stroke-dasharray:6 4;stroke-linecap:butt}
        .dotted{stroke-dasharray:2 3;stroke-linecap:butt}
        .dash-dot{stroke-dasharray:8 3 2 3;stroke-linecap:butt}
        .long-dashed{stroke-dasharray:13 4;stroke-linecap:butt}
        .dash-dot-dot{stroke-dasharray:8 3 2 3 2 3;stroke-linecap:butt}
        .band{fill:var(--c);opacity:.16;stroke:none}
        .dot{fill:var(--c);stroke:var(--card);stroke-width:1}
        .cross{stroke:var(--c);stroke-width:1.6;fill:none}
        .s0{--c:var(--c0)}.s1{--c:var(--c1)}.s2{--c:var(--c2)}\
        .s3{--c:var(--c3)}.s4{--c:var(--c4)}.s5{--c:var(--c5)}
        .legend{display:flex;flex-wrap:wrap;gap:2px 18px;margin-top:8px;font-size:13.5px;color:var(--muted)}
        .key{overflow-wrap:anywhere}
        .key.alarm,.failed{color:var(--alarm)}
        .passed{color:var(--good)}
        .picture{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:14px 16px;min-width:0}
        .wide{grid-column:1/-1;max-width:none}
        .picture img{display:block;max-width:100%;height:auto;border-radius:4px;background:#fff}
        .picture p,.chart p{margin:8px 0 0;font-size:14px;color:var(--muted)}
        details{background:var(--card);border:1px solid var(--rule);border-radius:10px;margin:10px 0;padding:0 20px}
        summary{padding:12px 0;cursor:pointer;font-weight:600;font-size:15px;overflow-wrap:anywhere}
        details[open]>summary{border-bottom:1px solid var(--rule);margin-bottom:12px}
        details>:last-child:not(summary){margin-bottom:16px}
        details .chart,details .card{border:0;padding:0}
        pre{overflow-x:auto;margin:0;font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
        footer{margin-top:48px;color:var(--muted);font-size:13px}
        @media (max-width:600px){main{padding:24px 14px 48px}h1{font-size:26px}.finding{font-size:18px}\
        .card{padding:12px 14px}\
        .results tbody th{white-space:normal;overflow-wrap:anywhere;min-width:120px}\
        .chart,.picture{padding:12px 12px 10px}details{padding:0 14px}}
        @media print{body{background:#fff}.chart,.picture,.card{break-inside:avoid}}
        """
}
