using Headgate.Configuration;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate;

/// <summary>
/// What is known of arrival for a scope that several APIs count in. A request arrives there as late as its own API lets it: so no sooner is assumed here
/// of any of them, or what <c>verify</c> allows for could exceed the limit.
/// </summary>
internal static class SharedTerms
{
    /// <param name="configuration">What is known of every API at first.</param>
    /// <param name="open">Those of which more is known.</param>
    public static ArrivalTerms Of(HeadgateConfiguration configuration, IEnumerable<Upstream> open)
    {
        var policies = configuration.Upstreams.Select(api => api.Policy).Append(configuration.Defaults).ToList();
        var bound = policies.Max(policy => policy.Timing.Mode == LimitTiming.Bounded ? policy.Timing.Bound ?? Clock.Span(ArrivalTerms.LeastBound) : (TimeSpan?)null);
        var terms = Upstream.TermsOf(new TimingChoice(configuration.Defaults.Timing.Mode, bound), policies.Max(policy => policy.Straggle));
        foreach (var api in open)
            terms.AtLeast(api.Terms);
        return terms;
    }

    /// <summary>Whether one configuration says the same of it as another.</summary>
    public static bool AreSame(HeadgateConfiguration one, HeadgateConfiguration other)
    {
        var (first, second) = (Of(one, []), Of(other, []));
        return (first.Timing, first.Bound, first.Straggle) == (second.Timing, second.Bound, second.Straggle);
    }
}
