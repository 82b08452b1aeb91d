/// What a network is trained to do: the `task` key. What a task needs is said by the kinds of `loss` that are of it.
public enum Task: String, Sendable, CaseIterable { case classifier, denoiser }
