using System.Globalization;
using System.Net;
using Headgate.App.CommandLine;
using Headgate.App.Simulator.Models;
using Headgate.Limits;

namespace Headgate.App.Simulator;

/// <summary>The options of <c>simulate</c> as typed, null where not given, read into <see cref="SimulatorOptions"/>.</summary>
internal sealed record SimulatorArguments
{
    public string? Listen { get; init; }

    public IReadOnlyList<string> Limits { get; init; } = [];

    public string? Per { get; init; }

    public string? Model { get; init; }

    public string? Latency { get; init; }

    public string? Uplink { get; init; }

    public string? Errors { get; init; }

    public string? Style { get; init; }

    public string? Seed { get; init; }

    public bool Http2 { get; init; }

    /// <param name="chosenSeed">The seed where none is given.</param>
    /// <exception cref="CommandException">A value cannot be used; the message names the option, the text and an example.</exception>
    public SimulatorOptions Read(int chosenSeed) => new()
    {
        Listen = ReadListen(Listen),
        Limits = [.. Limits.Select(ReadLimit)],
        Per = Choice("--per", Per ?? "key", [("key", ScopeKind.Key), ("ip", ScopeKind.Ip), ("all", ScopeKind.All)]),
        Model = Model is null ? ModelChoice.Declared : ModelChoice.TryParse(Model) ?? throw Bad("--model", Model, "counter, segments=10 or bucket=20"),
        Latency = Latency is null ? LatencyShape.None : LatencyShape.TryParse(Latency) ?? throw Bad("--latency", Latency, "50ms, lognormal:50ms,2 or uniform:10ms-50ms"),
        Uplink = Uplink is null ? UplinkDelay.None : UplinkDelay.TryParse(Uplink) ?? throw Bad("--uplink", Uplink, "0-30ms"),
        Errors = ReadErrors(Errors),
        Style = ReadStyle(Style),
        Seed = ReadSeed(Seed) ?? chosenSeed,
        Http2 = Http2,
    };

    private static Limit ReadLimit(string text) =>
        Limit.TryParse(text, out var limit, out var error) ? limit! : throw new CommandException(ExitCode.Configuration, $"--limit: {error}");

    private static FaultShares ReadErrors(string? text)
    {
        if (text is null)
            return FaultShares.None;
        return FaultShares.TryParse(text, out var shares, out var error)
            ? shares
            : throw new CommandException(ExitCode.Usage, $"--errors \"{Excerpt.Of(text)}\": {error}, for example 500=1%,reset=0.1%,hang=0.1%,fin=0.1%");
    }

    private static AnswerStyle ReadStyle(string? text) => text is null
        ? AnswerStyle.Plain
        : Choice("--style", text, [("github", AnswerStyle.GitHub), ("openai", AnswerStyle.OpenAI), ("shopify", AnswerStyle.Shopify), ("ietf", AnswerStyle.Ietf), ("none", AnswerStyle.None)]);

    private static int? ReadSeed(string? text)
    {
        if (text is null)
            return null;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seed) ? seed : throw Bad("--seed", text, "42");
    }

    /// <summary>Reads <c>127.0.0.1:8080</c>, <c>localhost:0</c>, <c>[::1]:8080</c> or <c>http://127.0.0.1:8080</c>.</summary>
    private static IPEndPoint ReadListen(string? text)
    {
        const string Example = "127.0.0.1:8080, or 127.0.0.1:0 for any free port";
        if (text is null)
            return new(IPAddress.Loopback, 0);
        const string Scheme = "http://";
        var address = (text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? text[Scheme.Length..] : text).TrimEnd('/');
        if (address.StartsWith("localhost:", StringComparison.OrdinalIgnoreCase))
            address = "127.0.0.1" + address["localhost".Length..];
        // IPEndPoint would take a text without a port, as port 0.
        if (!IPEndPoint.TryParse(address, out var endpoint) || !address.AsSpan(address.LastIndexOf(']') + 1).Contains(':'))
            throw Bad("--listen", text, Example);
        return IPAddress.IsLoopback(endpoint.Address)
            ? endpoint
            : throw new CommandException(ExitCode.Usage, $"--listen \"{Excerpt.Of(text)}\": the simulator has no protection and listens on loopback only, for example {Example}");
    }

    private static T Choice<T>(string option, string text, (string Name, T Value)[] choices)
    {
        foreach (var (name, value) in choices)
            if (name == text)
                return value;
        throw new CommandException(ExitCode.Usage, $"{option} \"{Excerpt.Of(text)}\": give one of {string.Join(", ", choices.Select(choice => choice.Name))}");
    }

    private static CommandException Bad(string option, string text, string example) => new(ExitCode.Usage, $"{option} \"{Excerpt.Of(text)}\" cannot be read: give for example {example}");
}
