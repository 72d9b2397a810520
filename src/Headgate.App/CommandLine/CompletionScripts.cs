using System.Text;

namespace Headgate.App.CommandLine;

/// <summary>
/// Writes completion scripts with all words in them, so that pressing a key starts no process. Each walks the words before
/// the cursor to the verb they lead to, passing over the values of options.
/// </summary>
internal static class CompletionScripts
{
    public static string Bash(IReadOnlyList<CompletionVerb> verbs) => $$"""
        # Completion of headgate for bash; in ~/.bashrc: source <(headgate completion bash)
        _headgate() {
            local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb= word= words= skip= i
            for ((i = 1; i < COMP_CWORD; i++)); do
                word=${COMP_WORDS[i]}
                if [[ -n $skip ]]; then skip=; continue; fi
        {{Walk(verbs, "verb=\"$verb $word\"", "skip=1", "", "        ")}}
            done
            COMPREPLY=()
        {{Values(verbs, "words=\"{0}\"", "return", "", "    ")}}
            if [[ -z $words ]]; then
        {{Words(verbs, "words=\"{0}\"", "", "        ")}}
            fi
            COMPREPLY=($(compgen -W "$words" -- "$cur"))
        }
        complete -o default -F _headgate headgate

        """;

    public static string Zsh(IReadOnlyList<CompletionVerb> verbs) => $$"""
        #compdef headgate
        # Completion of headgate for zsh; in ~/.zshrc after compinit: source <(headgate completion zsh)
        _headgate() {
            local cur=${words[CURRENT]} prev=${words[CURRENT-1]} verb= word= skip= i
            local -a found
            for ((i = 2; i < CURRENT; i++)); do
                word=${words[i]}
                if [[ -n $skip ]]; then skip=; continue; fi
        {{Walk(verbs, "verb=\"$verb $word\"", "skip=1", "(", "        ")}}
            done
        {{Values(verbs, "found=({0})", "_files; return", "(", "    ")}}
            if (( ! ${#found} )); then
        {{Words(verbs, "found=({0})", "(", "        ")}}
            fi
            if (( ${#found} )); then compadd -- "${found[@]}"; else _files; fi
        }
        if [[ ${funcstack[1]} == _headgate ]]; then _headgate "$@"; else compdef _headgate headgate; fi

        """;

    public static string Fish(IReadOnlyList<CompletionVerb> verbs)
    {
        var script = new StringBuilder();
        script.Append("""
            # Completion of headgate for fish: headgate completion fish > ~/.config/fish/completions/headgate.fish
            function __headgate_at
                set -l verb ""
                set -l skip ""
                for word in (commandline -opc)[2..-1]
                    if test -n "$skip"
                        set skip ""
                        continue
                    end
                    switch "$verb $word"

            """);
        Case(PathsOf(verbs), "set verb \"$verb $word\"");
        Case(ValuedOf(verbs), "set skip 1");
        script.Append("""
                    end
                end
                test "$verb" = "$argv[1]"
            end

            """);
        foreach (var verb in verbs)
        {
            var at = $"complete -c headgate -n '__headgate_at \"{verb.Path}\"'";
            foreach (var (name, meaning) in verb.Verbs)
                script.AppendLine($"{at} -f -a {name} -d {Quote(meaning)}");
            foreach (var choice in verb.Choices)
                script.AppendLine($"{at} -f -a {choice}");
            foreach (var option in verb.Options)
                script.AppendLine($"{at}{string.Concat(option.Names.Select(FishName))}{FishValue(option)} -d {Quote(option.Meaning)}");
        }
        return script.ToString();

        void Case(IEnumerable<string> patterns, string act)
        {
            if (string.Join(' ', patterns.Select(pattern => $"'{pattern}'")) is { Length: > 0 } all)
                script.AppendLine($"            case {all}").AppendLine($"                {act}");
        }
    }

    public static string PowerShell(IReadOnlyList<CompletionVerb> verbs)
    {
        static string List(IEnumerable<string> words) => $"@({string.Join(", ", words.Select(word => $"'{word}'"))})";
        static string Table(IEnumerable<(string Key, IEnumerable<string> Words)> rows) =>
            string.Concat(rows.Select(row => $"        '{row.Key}' = {List(row.Words)}{Environment.NewLine}"));
        return $$"""
            # Completion of headgate for PowerShell; in $PROFILE: headgate completion pwsh | Out-String | Invoke-Expression
            Register-ArgumentCompleter -Native -CommandName headgate -ScriptBlock {
                param($wordToComplete, $commandAst, $cursorPosition)
                $words = @{
            {{Table(verbs.Select(verb => (verb.Path, verb.Verbs.Select(below => below.Name).Concat(verb.Choices))))}}    }
                $options = @{
            {{Table(verbs.Select(verb => (verb.Path, verb.Options.SelectMany(option => option.Names))))}}    }
                # A list of pairs: the keys of a table would not tell -h from -H.
                $valued = {{List(ValuedOf(verbs))}}
                $choices = @{
            {{Table(ChosenOf(verbs).Select(choice => (choice.Key, (IEnumerable<string>)choice.Words)))}}    }
                $verb = ''
                $previous = ''
                $skip = $false
                foreach ($element in ($commandAst.CommandElements | Select-Object -Skip 1)) {
                    if ($element.Extent.EndOffset -ge $cursorPosition) { break }
                    $word = $element.ToString()
                    $previous = ''
                    if ($skip) { $skip = $false }
                    elseif ($valued -ccontains "$verb $word") { $skip = $true; $previous = "$verb $word" }
                    elseif ($words.ContainsKey("$verb $word")) { $verb = "$verb $word" }
                }
                if ($previous) { $found = $choices[$previous] }
                elseif ($wordToComplete -like '-*') { $found = $options[$verb] }
                else { $found = $words[$verb] }
                $found | Where-Object { $_ -clike "$wordToComplete*" } | ForEach-Object {
                    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
                }
            }

            """;
    }

    // Follows the words to the verb, and passes over values: the same in bash and zsh but for the bracket before a pattern.
    private static string Walk(IReadOnlyList<CompletionVerb> verbs, string follow, string skip, string bracket, string indent) =>
        Cases("$verb $word", [(PathsOf(verbs), follow), (ValuedOf(verbs), skip)], bracket, indent);

    // After an option with a value: its words, or files.
    private static string Values(IReadOnlyList<CompletionVerb> verbs, string words, string files, string bracket, string indent)
    {
        var chosen = ChosenOf(verbs).ToList();
        var free = ValuedOf(verbs).Except(chosen.Select(choice => choice.Key));
        return Cases("$verb $prev", [.. chosen.Select(choice => ((IEnumerable<string>)[choice.Key], string.Format(null, words, string.Join(' ', choice.Words)))), (free, files)], bracket, indent);
    }

    // Options where one is begun, else verbs and the words of arguments.
    private static string Words(IReadOnlyList<CompletionVerb> verbs, string words, string bracket, string indent) => $"""
        {indent}if [[ $cur == -* ]]; then
        {Cases("$verb", [.. verbs.Select(verb => ((IEnumerable<string>)[verb.Path], string.Format(null, words, string.Join(' ', verb.Options.SelectMany(option => option.Names)))))], bracket, indent + "    ")}
        {indent}else
        {Cases("$verb", [.. verbs.Select(verb => ((IEnumerable<string>)[verb.Path], string.Format(null, words, string.Join(' ', verb.Verbs.Select(below => below.Name).Concat(verb.Choices)))))], bracket, indent + "    ")}
        {indent}fi
        """;

    private static string Cases(string subject, IEnumerable<(IEnumerable<string> Patterns, string Act)> cases, string bracket, string indent)
    {
        var script = new StringBuilder($"{indent}case \"{subject}\" in\n");
        foreach (var (patterns, act) in cases)
            if (string.Join(" | ", patterns.Select(pattern => $"\"{pattern}\"")) is { Length: > 0 } all)
                script.Append($"{indent}    {bracket}{all}) {act} ;;\n");
        return script.Append($"{indent}esac").ToString();
    }

    private static IEnumerable<string> PathsOf(IReadOnlyList<CompletionVerb> verbs) => verbs.Skip(1).Select(verb => verb.Path);

    private static IEnumerable<string> ValuedOf(IReadOnlyList<CompletionVerb> verbs) =>
        verbs.SelectMany(verb => verb.Options.Where(option => option.TakesValue).SelectMany(option => option.Names.Select(name => $"{verb.Path} {name}")));

    private static IEnumerable<(string Key, IReadOnlyList<string> Words)> ChosenOf(IReadOnlyList<CompletionVerb> verbs) =>
        verbs.SelectMany(verb => verb.Options.Where(option => option.TakesValue && option.Choices.Count > 0)
            .SelectMany(option => option.Names.Select(name => ($"{verb.Path} {name}", option.Choices))));

    private static string FishName(string name) => name.StartsWith("--", StringComparison.Ordinal) ? $" -l {name[2..]}" : $" -s {name[1..]}";

    private static string FishValue(CompletionOption option) =>
        !option.TakesValue ? "" : option.Choices.Count == 0 ? " -r" : $" -x -a '{string.Join(' ', option.Choices)}'";

    private static string Quote(string text) => $"'{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'";
}
