using Headgate.App.Input;
using Headgate.Configuration;
using Headgate.Ledgers;
using Headgate.Time;

namespace Headgate.App.Runs;

/// <summary>What the ledger of a run says of itself.</summary>
internal static class RunHeader
{
    /// <summary>Makes the header; before the scopes are opened, since sends of earlier runs count from its time.</summary>
    /// <exception cref="ConfigurationException">The keys cannot be read.</exception>
    public static LedgerHeader Of(RunOptions options, EngineSettings settings, InputCheck? check, StateDirectory? state, Clock clock)
    {
        var map = new UpstreamMap(settings.Configuration);
        return Of(settings, (check?.Authorities ?? []).Select(pair => map.Find(new Uri(pair.Key))), state, clock) with
        {
            Input = check is null ? null : new LedgerInput(Path.GetFullPath(options.Input), check.Hash),
            Results = options.Results is { } results ? Path.GetFullPath(results) : null,
        };
    }

    /// <summary>The same of whatever sends, without input and results.</summary>
    /// <param name="settings">How it sends.</param>
    /// <param name="others">APIs that are not configured, as far as they are known before.</param>
    /// <param name="state">Where sends are remembered, if they are.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="usual">What is taken for granted of arrival, where that is not what the configuration says: it has changed since the first ledger.</param>
    /// <exception cref="ConfigurationException">The keys cannot be read.</exception>
    public static LedgerHeader Of(EngineSettings settings, IEnumerable<UpstreamConfiguration> others, StateDirectory? state, Clock clock, string? usual = null) =>
        SendingHeader.Of(settings.Configuration, others, settings.KeysOf, settings.ProxiesOf, state, clock, usual);
}
